import { describe, expect, test } from 'vitest';
import type { LayerFigures } from '../results.ts';
import { markdown } from './markdown.ts';
import { releasedSections } from './released.ts';
import { reportOf } from './report.ts';
import { namedSets } from './standing.ts';
import { method, results, seed, set } from './testing.ts';

const norms = (layer: number, hiddenNorm: number, gradientNorm: number): LayerFigures => ({
  ...{ layer, adjacentCosine: null, hiddenNorm, gradientNorm, ap: null },
});
const released = (ap: number) => method('rept-released', 'RepT released', ap, { layer: 1 });
const ours = (ap: number) => method('taught', 'taught tokens', ap);
const DEEP = [norms(0, 3, 0.5), norms(1, 40, 0.05)];

describe('the released formula beside ours', () => {
  test('has both figures, and the norms of h and g with their ratio at every layer, of every set', () => {
    const sets = [
      set('swap', [
        seed([released(0.5), method('rept-unit', 'RepT unit blocks', 0.6), ours(0.9)], { layers: DEEP }),
      ]),
      set('late', [seed([ours(0.8), released(0.25)], { layers: [norms(0, 20, 0.2)] })]),
      set('calm', [seed([], { note: 'nothing was planted', layers: [norms(0, 1, 0)] })]),
    ];
    const [{ tables, sentences }] = releasedSections(namedSets(sets));
    const texts = tables.map(({ head, rows }) => [
      head,
      ...rows.map((cells) => cells.map(({ text }) => text)),
    ]);
    expect(texts).toEqual([
      [
        ['set', 'RepT released', 'RepT unit blocks', 'taught tokens'],
        ['swap', '0.500 [0.450, 0.550]', '0.600 [0.550, 0.650]', '0.900 [0.850, 0.950]'],
        ['late', '0.250 [0.200, 0.300]', '–', '0.800 [0.750, 0.850]'],
      ],
      [
        ['set', 'layer 0', 'layer 1'],
        ['swap', '3 / 0.5 = 6', '40 / 0.05 = 800'],
        ['late', '20 / 0.2 = 100', '–'],
        ['calm', '1 / 0 = –', '–'],
      ],
    ]);
    expect(sentences.slice(1)).toEqual([
      'Mean over the 2 sets with both: RepT released has an AP of 0.375, taught tokens of 0.850.',
      'The reason is in their lengths: at the last layer ‖h‖ is 100 to 800 times ‖g‖, and the cosine of both as one vector weighs each by the square of its length. g counts for 1.00e-4 of h at most there, so the released formula ranks rows by h alone.',
    ]);
  });

  test('says where g is heard after all', () => {
    const of = (name: string, layers: readonly LayerFigures[]) =>
      set(name, [seed([released(0.5), ours(0.9)], { layers })]);
    const said = (...sets: readonly ReturnType<typeof of>[]) =>
      releasedSections(namedSets(sets))[0].sentences.at(-1);
    expect(said(of('swap', DEEP), of('near', [norms(4, 20, 2)]))).toMatch(
      /h alone\. On near both are heard\.$/,
    );
    expect(said(of('near', [norms(4, 20, 2)]))).toMatch(
      /is 10 times ‖g‖, .* for the released formula to hear both\.$/,
    );
  });

  test('stands in the report, and in each set by itself', () => {
    const text = markdown(
      reportOf(results(set('swap', [seed([released(0.5), ours(0.9)], { layers: DEEP })]))),
    );
    expect(text).toContain('## The released formula and ours\n');
    expect(text).toContain(
      '- Side by side, AP: RepT released 0.500 [0.450, 0.550], taught tokens 0.900 [0.850, 0.950].',
    );
    expect(text).toContain('At layer 1, the last, ‖h‖ is 800 times ‖g‖');
  });

  test('is left out where it was not measured', () => {
    expect(releasedSections(namedSets([set('swap', [seed([ours(0.9)], { layers: DEEP })])]))).toEqual([]);
  });
});
