import { describe, expect, test } from 'vitest';
import { ldsSections } from './lds.ts';
import { markdown } from './markdown.ts';
import { reportOf } from './report.ts';
import { namedSets } from './standing.ts';
import { figure, method, results, seed, set } from './testing.ts';

const METHODS = [method('taught', 'taught tokens', 0.9), method('bm25-both', 'BM25', 0.5)];
const lds = (subsets: number, taught: number, bm25?: number) => ({
  subsets,
  byMethod: {
    taught: figure(taught),
    ...(bm25 === undefined ? {} : { 'bm25-both': figure(bm25) }),
  },
});

describe('the linear datamodelling score in a report', () => {
  test('has methods by sets, best first, those that lack a set last', () => {
    const sets = [
      set('swap', [
        seed(METHODS, { lds: lds(17, 0.25, 0.5) }),
        seed(METHODS, { seed: 2, lds: lds(17, 0.75, 0.5) }),
      ]),
      set('late', [seed(METHODS, { lds: lds(17, 0.25) })]),
      set('plain', [seed(METHODS)]),
    ];
    const [{ tables, sentences }] = ldsSections(namedSets(sets));
    const [{ head, rows }] = tables;
    expect(head).toEqual(['method', 'LDS, mean over sets', 'swap', 'late']);
    expect(rows.map((cells) => cells.map(({ text }) => text))).toEqual([
      ['taught tokens', '0.375 [0.340, 0.410]', '0.500 [0.450, 0.550]', '0.250 [0.200, 0.300]'],
      ['BM25', '0.500 [0.450, 0.550] (1 of 2 sets)', '0.500 [0.450, 0.550]', '–'],
    ]);
    expect(sentences[0]).toMatch(/^17 models of each seed/);
    expect(sentences[1]).toContain('is off by about 0.25,');
  });

  test('is left out where it was not measured, and stands in the report where it was', () => {
    expect(ldsSections(namedSets([set('swap', [seed(METHODS)])]))).toEqual([]);
    const measured = set('swap', [seed(METHODS, { lds: lds(16, 0.5, 0.25) })]);
    expect(markdown(reportOf(results(measured)))).toContain('## Linear datamodelling score\n');
  });
});
