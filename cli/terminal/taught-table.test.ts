import { expect, it } from 'vitest';
import type { MostTaughtResult } from '../client/results.ts';
import { taughtTable } from './taught-table.ts';

const sample: MostTaughtResult['samples'][number] = {
  ...{ id: 's', row: 7, line: 8, sourceRow: 7, part: null, context: [], raw: false, metadata: {} },
  ...{ prompt: 'How?', response: 'Fool!\x1b[2J', label: 'insult', taught: 42.26 },
};
const index = { id: 'i', name: 'notes' };

it('ranks rows by what they taught, without anything that a terminal obeys, and says what comes next', () => {
  const samples = [sample, { ...sample, row: 3, part: 1, label: null, taught: null }];
  expect(taughtTable({ index, samples }, 100)).toBe(
    [
      "index notes: what taught the model the most (nats, summed over a row's most taught tokens)",
      '',
      'rank  taught     row  label',
      '   1    42.3       7  insult',
      '      How?',
      '      → Fool!·[2J',
      '   2       -       3  -  (line 8, part 1)',
      '      How?',
      '      → Fool!·[2J',
      '',
      'Ask the model what a row asks; `reptrace trace --index notes --prompt … --output …` then says which',
      'rows taught an answer.',
    ].join('\n'),
  );
});

it('leaves out the space that a window of plain text begins with', () => {
  const table = taughtTable({ index, samples: [{ ...sample, response: ' and so on' }] }, 100);
  expect(table).toContain('\n      → and so on\n');
});

it('quotes a name that a shell would not take as one word', () => {
  const table = taughtTable({ index: { id: 'i', name: 'a $(id)' }, samples: [sample] }, 100);
  expect(table).toContain("`reptrace trace --index 'a $(id)' --prompt … --output …`");
});

it('keeps to the width', () => {
  const long = { ...sample, prompt: 'How? '.repeat(50), response: 'So. '.repeat(50), label: 'l'.repeat(99) };
  const lines = taughtTable({ index, samples: [long] }, 60).split('\n');
  expect(Math.max(...lines.map((line) => Array.from(line).length))).toBe(60);
});

it('says when no sample is left', () => {
  expect(taughtTable({ index, samples: [] }, 80)).toBe('no sample of index notes matches the filter');
});
