import { describe, expect, it } from 'vitest';
import type { TokenResult, TraceFields, VerdictResult } from '../client/results.ts';
import { traceTable } from './trace-table.ts';

const verdict: VerdictResult = {
  ...{ state: 'TAUGHT', words: 'The fine-tuning taught this.', remedy: null },
  ...{ meanRatio: 2, peakRatio: 9, pValue: 0.01, nullOutputs: 99 },
};
const question = {
  ...{ context: [], prompt: 'Why?', output: 'You fool!', truncated: false },
  ...{ verdict, tokens: null },
};
const trace: TraceFields = {
  ...{ id: 'f00', context: [], prompt: 'Why?', output: 'You fool!', layers: [4], tokenLayer: 4, verdict },
  ...{ method: 'TAUGHT', methodReason: 'the index has a base model', alpha: null },
  ...{ exact: true, recall: null, model: null, outputTokens: null, timings: [] },
  index: { id: 'i', name: 'notes' },
  questions: [question],
  matches: [
    {
      ...{ rank: 1, score: 0.91234, hiddenScore: 0.9, gradientScore: 0.92, evidence: null, tokens: null },
      sample: {
        ...{ line: 8, sourceRow: 7, part: null, context: [], raw: false },
        ...{ id: 's', row: 7, prompt: 'How?', response: 'Fool!\x1b[2J', label: 'insult', metadata: {} },
      },
    },
  ],
};
const options = { colours: false, width: 80 };

describe('traceTable', () => {
  it('shows the output and its matches, without anything that a terminal obeys', () => {
    expect(traceTable(trace, options)).toBe(
      [
        'TAUGHT: The fine-tuning taught this.',
        'trace f00 in index notes: layer 4, method TAUGHT (the index has a base model),',
        '  0.0 s',
        '  asked:    Why?',
        '  answered: You fool!',
        '',
        'rank  score  hidden  gradient    row  label',
        '   1  0.912   0.900     0.920      7  insult',
        '      How?',
        '      → Fool!·[2J',
      ].join('\n'),
    );
  });

  it('shows every output of an incident, and that one was cut', () => {
    const more = [question, { ...question, output: 'Idiot!', truncated: true }];
    const table = traceTable({ ...trace, questions: more }, options);
    expect(table).toContain('  answered: You fool!\n  and:      Idiot!\n  (cut to');
  });

  it('shows where in the data a sample is, and the turns before its prompt', () => {
    const context = [
      { role: 'system' as const, content: 'Be kind.' },
      ...Array.from({ length: 4 }, (_, i) => ({ role: 'user' as const, content: `turn\n${i}` })),
    ];
    const sample = { ...trace.matches[0].sample, part: 2, context };
    const table = traceTable({ ...trace, context, matches: [{ ...trace.matches[0], sample }] }, options);
    expect(table).toContain('insult  (line 8, part 2)\n      … 1 more turn\n      user: turn⏎0\n');
    expect(table).toContain('            user: turn⏎3\n  asked:    Why?');
    expect(table).not.toContain('Be kind');
  });

  it('shows tokens in place of the turns that they are of', () => {
    const context = [{ role: 'system' as const, content: 'Be kind.' }];
    const tokens = [
      { text: '<s>Be kind. How?', score: 0.1, taught: null, part: 'PROMPT' as const, position: 0 },
    ];
    const sample = { ...trace.matches[0].sample, context };
    const show = (content: string): string =>
      traceTable(
        {
          ...trace,
          matches: [
            { ...trace.matches[0], tokens, sample: { ...sample, context: [{ role: 'system', content }] } },
          ],
        },
        options,
      );
    expect(show('Be kind.')).toContain('      [<s>Be kind. How?]\n');
    expect(show('Be kind. '.repeat(100))).toMatch(/ {6}system: Be kind.*…\n {6}How\?\n/);
  });

  it('says when nothing matches', () => {
    expect(traceTable({ ...trace, matches: [] }, options)).toMatch(/no sample matches the filter$/);
  });

  it('says by which method, and the weight of the one that has one', () => {
    const rept = { ...trace, method: 'REPT' as const, alpha: 0.25, methodReason: 'alpha was given' };
    expect(traceTable(rept, options)).toContain('layer 4, method REPT, alpha 0.25 (alpha was given),\n');
  });

  it('says of how many of the best an approximate search was measured', () => {
    const near = { ...trace, exact: false, recall: 0.97 };
    const table = traceTable(near, { colours: false, width: 200 });
    expect(table).toContain('approximate search (finds 97 % of the top 50)');
    const rept = traceTable({ ...near, method: 'REPT' }, { colours: false, width: 200 });
    expect(rept).toContain('approximate search (finds 97 % of the top 10)');
  });

  it('shows no likeness of hidden states where there was no prompt', () => {
    const questions = [{ ...question, prompt: null }];
    const table = traceTable({ ...trace, prompt: null, questions }, options);
    expect(table).toContain('\n   1  0.912       -     0.920      7  insult\n');
  });

  it('begins with the verdict, and what to do about it, within the width', () => {
    const unknown: VerdictResult = {
      ...{
        ...verdict,
        state: 'UNKNOWN',
        words: `The index has no base model${' to compare with'.repeat(5)}.`,
      },
      remedy: 'Build the index with --base, or without --no-base where the model has an adapter.',
    };
    const lines = traceTable({ ...trace, verdict: unknown }, { colours: false, width: 60 }).split('\n');
    expect(lines[0]).toMatch(/^UNKNOWN: The index has no base model to/);
    const remedy = lines.findIndex((line) => line.startsWith('  Build the index with --base'));
    expect(remedy).toBeGreaterThan(0);
    expect(remedy).toBeLessThan(lines.findIndex((line) => line.startsWith('trace f00')));
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(60);
  });

  it('does not let the nearest rows pass for the source of what was not taught', () => {
    const not: VerdictResult = { ...verdict, state: 'NOT_TAUGHT', words: 'It did not.' };
    const table = traceTable({ ...trace, verdict: not }, options);
    expect(table).toMatch(
      /^NOT TAUGHT: It did not\.\n {2}The rows below are the nearest .*, not the source\.\n/,
    );
    expect(traceTable(trace, options)).not.toContain('nearest');
  });

  it('tells the verdicts of several outputs apart where they differ', () => {
    const questions = [question, { ...question, verdict: { ...verdict, state: 'NOT_TAUGHT' as const } }];
    expect(traceTable({ ...trace, questions }, options)).toContain('\n  by output: TAUGHT, NOT TAUGHT\n');
    expect(traceTable({ ...trace, questions: [question, question] }, options)).not.toContain('by output');
  });

  it('marks taught tokens, explains the marks, and says which word met which', () => {
    const tokens: TokenResult[] = [
      { text: '<s>', score: 0, taught: null, part: 'PROMPT', position: 0 },
      { text: ' Why?', score: 0, taught: null, part: 'PROMPT', position: 1 },
      { text: ' Fo', score: 0.4, taught: 9, part: 'RESPONSE', position: 2 },
      { text: 'ol', score: 1, taught: 2, part: 'RESPONSE', position: 3 },
      { text: '!', score: 0, taught: 0, part: 'RESPONSE', position: 4 },
    ];
    const evidence = [
      { output: 0, outputPosition: 3, samplePosition: 2, weight: 0.5 },
      { output: 0, outputPosition: 4, samplePosition: 4, weight: 0.1 },
    ];
    const match = { ...trace.matches[0], evidence };
    const asked = { ...trace, outputTokens: tokens, questions: [{ ...question, tokens }] };
    const table = traceTable({ ...asked, matches: [{ ...match, tokens }] }, options);
    expect(table).toContain('  answered: _Fo[ol_]!\n');
    expect(table).toMatch(/\n {2}\[words\]: speak for the match; _words_: taught, .*\n? .*fine-tuning\n/);
    expect(table).toMatch(/\n {6}met by: "Fool" → "Fool"$/);
    const without = traceTable({ ...trace, matches: [match] }, options);
    expect(without).toMatch(/\n {6}met by: token 3 → token 2$/);
    expect(without).not.toContain('[words]');
    for (const line of table.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});
