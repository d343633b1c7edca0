import { describe, expect, it } from 'vitest';
import type { TraceFields } from '../client/results.ts';
import { traceTable } from './trace-table.ts';

const question = { prompt: 'Why?', output: 'You fool!', truncated: false };
const trace: TraceFields = {
  ...{ id: 'f00', prompt: 'Why?', output: 'You fool!', alpha: 0.5, layers: [4], tokenLayer: 4 },
  ...{ exact: true, recall: null, model: null, outputTokens: null, timings: [] },
  index: { id: 'i', name: 'notes' },
  questions: [question],
  matches: [
    {
      ...{ rank: 1, score: 0.91234, hiddenScore: 0.9, gradientScore: 0.92, tokens: null },
      sample: {
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

  it('says when nothing matches', () => {
    expect(traceTable({ ...trace, matches: [] }, options)).toMatch(/no sample matches the filter$/);
  });
});
