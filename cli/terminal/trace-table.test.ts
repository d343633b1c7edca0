import { describe, expect, it } from 'vitest';
import type { TraceFields } from '../client/results.ts';
import { traceTable } from './trace-table.ts';

const question = { context: [], prompt: 'Why?', output: 'You fool!', truncated: false };
const trace: TraceFields = {
  ...{ id: 'f00', context: [], prompt: 'Why?', output: 'You fool!', alpha: 0.5, layers: [4], tokenLayer: 4 },
  ...{ exact: true, recall: null, model: null, outputTokens: null, timings: [] },
  index: { id: 'i', name: 'notes' },
  questions: [question],
  matches: [
    {
      ...{ rank: 1, score: 0.91234, hiddenScore: 0.9, gradientScore: 0.92, tokens: null },
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
        'trace f00 in index notes: layer 4, alpha 0.5, 0.0 s',
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
    const tokens = [{ text: '<s>Be kind. How?', score: 0.1, part: 'PROMPT' as const, position: 0 }];
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
});
