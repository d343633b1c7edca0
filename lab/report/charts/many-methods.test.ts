/** Charts with every method there is: as many as a chart ever has. */
import { describe, expect, test } from 'vitest';
import { METHODS } from '../../methods/method-list.ts';
import { overallsOf, summariesOf } from '../summary.ts';
import { method, seed, set } from '../testing.ts';
import { costChart } from './cost.ts';
import { looksOf } from './palette.ts';
import { precisionRecallChart } from './precision-recall.ts';
import { standingChart } from './standing.ts';

const TITLES = METHODS.map(({ title }) => title);
const LOOKS = looksOf(METHODS.map(({ name }) => name));
const SETS = [set('swap', [seed(METHODS.map(({ name, title }, i) => method(name, title, 1 - i / 30)))])];
const SUMMARIES = summariesOf(SETS[0]);
const POINTS = SUMMARIES.map(({ ap, ...rest }, i) => ({ ...rest, ap: ap.mean, seconds: 10 ** (i % 5) }));

const CHARTS = [
  ['precision and recall', precisionRecallChart('pr', 'swap', SUMMARIES, LOOKS)?.svg],
  ['cost', costChart('cost', 'on swap', POINTS, LOOKS)?.svg],
] as const;

/** Words with their place, in the chart's own units. */
function textsOf(svg: string): { text: string; x: number; y: number }[] {
  const found = svg.matchAll(/<text [^>]*transform="translate\(([\d.]+) ([\d.]+)\)"[^>]*>([^<]*)<\/text>/g);
  return [...found].map(([, x, y, text]) => ({ text, x: Number(x), y: Number(y) }));
}

/** Where lines of methods go, from the top. */
function linesDownTo(svg: string): number {
  const lines = [...svg.matchAll(/<path d="([^"]*)" fill="none" stroke="#/g)];
  return Math.max(
    0,
    ...lines.flatMap(([, path]) => [...path.matchAll(/ (-?[\d.]+)/g)].map(([, y]) => Number(y))),
  );
}

describe.each(CHARTS)('the chart of %s', (_what, svg = '') => {
  const texts = textsOf(svg);
  const legend = texts.filter(({ text }) => TITLES.includes(text));
  const axis = texts.filter(({ text }) => !TITLES.includes(text));

  test('names every method once, whole', () => {
    expect(svg).not.toContain('…');
    expect(legend.map(({ text }) => text).sort()).toEqual([...TITLES].sort());
  });

  test('has its legend below all that is drawn, each name on a line of its own', () => {
    const top = Math.min(...legend.map(({ y }) => y));
    expect(Math.max(...axis.map(({ y }) => y))).toBeLessThan(top - 5);
    expect(linesDownTo(svg)).toBeLessThan(top - 5);
    for (const x of new Set(legend.map((one) => one.x))) {
      const column = legend.filter((one) => one.x === x).map(({ y }) => y);
      const gaps = column.toSorted((a, b) => a - b).flatMap((y, i, all) => (i === 0 ? [] : [y - all[i - 1]]));
      expect(Math.min(...gaps)).toBeGreaterThan(12);
    }
    const [, , height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? [];
    expect(Math.max(...legend.map(({ y }) => y)) + 5).toBeLessThan(Number(height));
  });
});

test('the chart of standings has a row of its own for each', () => {
  const svg = standingChart('all', overallsOf(SETS), LOOKS)?.svg ?? '';
  expect(svg).not.toContain('…');
  const rows = textsOf(svg).filter(({ text }) => TITLES.includes(text));
  expect(rows).toHaveLength(TITLES.length);
  const gaps = rows
    .map(({ y }) => y)
    .toSorted((a, b) => a - b)
    .flatMap((y, i, all) => (i === 0 ? [] : [y - all[i - 1]]));
  expect(Math.min(...gaps)).toBeGreaterThan(15);
});
