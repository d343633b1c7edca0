import { describe, expect, test } from 'vitest';
import { standingSections } from './standing.ts';
import { method, results, seed, set } from './testing.ts';

/** Of 24 outputs: ahead of .6 on half of them, behind it on the others. */
const UNLIKE = Array.from({ length: 24 }, (_, i) => (i % 2 === 0 ? 0.9 : 0.38));
const ours = (ap: number) => method('taught', 'taught tokens', ap);

describe('what is said of all sets', () => {
  test('names each set where another method has the higher mean', () => {
    const [{ sentences }] = standingSections(
      results(
        set('swap', [seed([ours(0.9), method('bm25-both', 'BM25', 0.7)])]),
        set('late', [
          seed([
            ours(0.6),
            method('bm25-both', 'BM25', 0.62),
            method('less', 'LESS', 0.64, { apByOutput: UNLIKE }),
          ]),
        ]),
        set('style', [seed([ours(0.2), method('bm25-both', 'BM25', 0.5)])]),
      ),
    );
    expect(sentences.slice(1)).toEqual([
      'Over the sets taught tokens is behind BM25, which has the highest mean: the difference is -0.040 [-0.040, -0.040].',
      'late: higher than taught tokens (0.600 [0.550, 0.650]): LESS 0.640, BM25 0.620; the difference is within what other outputs could give.',
      'style: higher than taught tokens (0.200 [0.150, 0.250]): BM25 0.500.',
    ]);
  });

  test('a method that lacks a set is neither best over all nor left out', () => {
    const [{ tables }] = standingSections(
      results(
        set('swap', [seed([ours(0.8), method('less', 'LESS', 0.99)])]),
        set('late', [seed([ours(0.8)])]),
      ),
    );
    expect(tables[0].rows).toEqual([
      [
        { text: 'taught tokens' },
        bold('0.800 [0.765, 0.835]'),
        { text: '0.800 [0.750, 0.850]' },
        bold('0.800 [0.750, 0.850]'),
      ],
      [
        { text: 'LESS' },
        { text: '0.990 [0.940, 1.000] (1 of 2 sets)' },
        bold('0.990 [0.940, 1.000]'),
        { text: '–' },
      ],
    ]);
  });

  test('says which sets our method was not measured on, where others were', () => {
    const [{ sentences }] = standingSections(
      results(set('swap', [seed([ours(0.9)])]), set('late', [seed([method('less', 'LESS', 0.9)])])),
    );
    expect(sentences).toContain('late: taught tokens was not measured.');
  });

  test('says of each set without figures why, in the first section already', () => {
    const [{ sentences, tables }] = standingSections(
      results(
        set('swap', [seed([ours(0.9)]), seed([], { seed: 2, note: 'the behaviour was not taught' })]),
        set('calm', [
          seed([], { note: 'nothing was planted' }),
          seed([], { seed: 2, note: 'nothing was planted' }),
        ]),
      ),
    );
    expect(sentences.slice(-2)).toEqual([
      'The set calm has no ranking: nothing was planted.',
      'swap: no ranking of seed 2: the behaviour was not taught.',
    ]);
    expect(tables[0].head).toEqual(['method', 'mean over sets', 'swap']);
  });

  test('has limits in every cell of methods by sets, of seeds and their outputs where there are several', () => {
    const [{ tables }] = standingSections(
      results(
        set('swap', [seed([ours(0.9)]), seed([ours(0.5)], { seed: 2 })]),
        set('late', [seed([ours(0.8)])]),
      ),
    );
    const [, ...cells] = tables[0].rows[0].map(({ text }) => text);
    expect(cells).toHaveLength(3);
    const limits = cells.map((text) =>
      /^(0\.\d{3}) \[(\d\.\d{3}), (\d\.\d{3})\]$/.exec(text)?.slice(1).map(Number),
    );
    expect(limits[2]).toEqual([0.8, 0.75, 0.85]);
    const [middle, low, high] = limits[1] ?? [];
    expect(middle).toBeCloseTo(0.7, 12);
    // As far as the seeds are from one another: either may have come twice.
    expect(low).toBeLessThan(0.51);
    expect(high).toBeGreaterThan(0.89);
  });

  test('recipes of one name are told apart by what was trained', () => {
    const [{ tables }] = standingSections(
      results(set('swap', [seed([ours(0.8)])], { lora: true }), set('swap', [seed([ours(0.9)])])),
    );
    expect(tables[0].head.slice(2)).toEqual(['swap (LoRA)', 'swap (all weights)']);
  });
});

function bold(text: string): object {
  return { text, strong: true };
}
