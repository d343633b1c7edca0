/**
 * The formula of RepT's released code beside ours, and why g is not heard in it: norms of h and g, layer by layer. Its cosine is of h
 * and g end to end, as long as they are, so that the longer half decides.
 */
import type { LayerFigures } from '../results.ts';
import { cell, plain, type Cell, type Section, type Table } from './document.ts';
import { interval, share, significant } from './format.ts';
import { meanLayers, ratioOf } from './mean-layers.ts';
import { OURS, type NamedSet } from './standing.ts';
import { mean, type Summary } from './summary.ts';

/** The released code looks at the last layer. */
export const RELEASED = 'rept-released';

/** At such a ratio of norms the smaller half moves the cosine of both, one after the other, by less than .001. */
const ONE_HALF_RULES = 30;

/** Side by side, with what lies between them; those that were not measured anywhere have no column. */
const COLUMNS = [RELEASED, 'rept-released-auto', 'hidden', 'gradient', 'rept-unit', OURS] as const;

/** One section, or none where the released formula was not measured. */
export function releasedSections(named: readonly NamedSet[]): Section[] {
  const measured = named.filter(({ summaries }) => summaryOf(summaries, RELEASED) !== undefined);
  if (measured.length === 0) return [];
  const layered = named
    .map(({ name, set }) => ({ name, layers: meanLayers(set) }))
    .filter(({ layers }) => layers.length > 0);
  return [
    {
      title: 'The released formula and ours',
      sentences: [
        'The code that the authors of RepT released takes the cosine of h and g end to end, each as long as it is, at the last layer. All of ours compare h and g apart, each at unit length: the unit blocks at the chosen layer, where they differ from the released formula by these lengths alone, and taught tokens at the words that were taught.',
        ...apSentences(measured),
        ...ratioSentences(layered),
      ],
      tables: [sideBySide(measured), ...(layered.length === 0 ? [] : [normTable(layered)])],
      charts: [],
    },
  ];
}

/** The same of one set: the two figures and the reason. */
export function releasedSentences(summaries: readonly Summary[], layers: readonly LayerFigures[]): string[] {
  const released = summaryOf(summaries, RELEASED);
  const ours = summaryOf(summaries, OURS);
  const figures = [released, ours].flatMap((of) =>
    of === undefined ? [] : [`${of.title} ${interval(of.ap)}`],
  );
  return [
    ...(released === undefined || ours === undefined ? [] : [`Side by side, AP: ${figures.join(', ')}.`]),
    ...lastRatioSentences(layers),
  ];
}

function lastRatioSentences(layers: readonly LayerFigures[]): string[] {
  const last = layers.at(-1);
  const ratio = last === undefined ? null : ratioOf(last);
  if (last === undefined || ratio === null) return [];
  const start = `At layer ${last.layer}, the last, ‖h‖ is ${significant(ratio)} times ‖g‖:`;
  return ratio < ONE_HALF_RULES
    ? [`${start} the released formula, the cosine of both as one vector, hears both.`]
    : [
        `${start} in the released formula, the cosine of both as one vector, g counts for about ${significant(1 / ratio ** 2)} of h.`,
      ];
}

function apSentences(measured: readonly NamedSet[]): string[] {
  const pairs = measured.flatMap(({ summaries }) => {
    const [released, ours] = [summaryOf(summaries, RELEASED), summaryOf(summaries, OURS)];
    return released === undefined || ours === undefined ? [] : [{ released, ours }];
  });
  if (pairs.length === 0) return [];
  const over = (of: 'released' | 'ours'): string => share(mean(pairs.map((pair) => pair[of].ap.mean)));
  const [{ released, ours }] = pairs;
  const sets =
    pairs.length === 1 ? 'On the one set with both' : `Mean over the ${pairs.length} sets with both`;
  return [`${sets}: ${released.title} has an AP of ${over('released')}, ${ours.title} of ${over('ours')}.`];
}

interface Layered {
  readonly name: string;
  /** From the first to the last. */
  readonly layers: readonly LayerFigures[];
}

/** The reason, over all sets. */
function ratioSentences(layered: readonly Layered[]): string[] {
  const ratios = layered.flatMap(({ name, layers }) => {
    const last = layers.at(-1);
    const ratio = last === undefined ? null : ratioOf(last);
    return ratio === null ? [] : [{ name, ratio }];
  });
  if (ratios.length === 0) return [];
  const sorted = ratios.map(({ ratio }) => ratio).toSorted((a, b) => a - b);
  const [least, most] = [sorted[0], sorted[sorted.length - 1]].map(significant);
  const range = least === most ? least : `${least} to ${most}`;
  const ruled = ratios.filter(({ ratio }) => ratio >= ONE_HALF_RULES);
  const heard = ratios.filter(({ ratio }) => ratio < ONE_HALF_RULES).map(({ name }) => name);
  const start = `The reason is in their lengths: at the last layer ‖h‖ is ${range} times ‖g‖, and the cosine of both as one vector weighs each by the square of its length.`;
  if (ruled.length === 0) return [`${start} That is close enough for the released formula to hear both.`];
  const loudest = ruled.reduce((a, b) => (b.ratio < a.ratio ? b : a));
  const all = `g counts for ${significant(1 / loudest.ratio ** 2)} of h at most there, so the released formula ranks rows by h alone.`;
  const but = heard.length === 0 ? '' : ` On ${heard.join(', ')} both are heard.`;
  return [`${start} ${all}${but}`];
}

function sideBySide(measured: readonly NamedSet[]): Table {
  const columns = COLUMNS.flatMap((method) => {
    const known = measured.map(({ summaries }) => summaryOf(summaries, method));
    const title = known.find((summary) => summary !== undefined)?.title;
    return title === undefined ? [] : [{ method, title }];
  });
  return {
    caption: 'Average precision side by side, mean [low, high]',
    head: ['set', ...columns.map(({ title }) => title)],
    rows: measured.map(({ name, summaries, best }) => [
      cell(name),
      ...columns.map(({ method }): Cell => {
        const summary = summaryOf(summaries, method);
        return summary === undefined ? cell(share(null)) : cell(interval(summary.ap), best.has(method));
      }),
    ]),
  };
}

/** "53.9 / 0.0058 = 9290" at each layer of each set. */
function normTable(layered: readonly Layered[]): Table {
  const numbers = [...new Set(layered.flatMap(({ layers }) => layers.map(({ layer }) => layer)))];
  numbers.sort((a, b) => a - b);
  return {
    caption: 'Mean norms by layer, ‖h‖ / ‖g‖ = their ratio',
    head: ['set', ...numbers.map((layer) => `layer ${layer}`)],
    rows: layered.map(({ name, layers }) =>
      plain(
        name,
        ...numbers.map((number) => {
          const at = layers.find(({ layer }) => layer === number);
          if (at === undefined) return share(null);
          return `${significant(at.hiddenNorm)} / ${significant(at.gradientNorm)} = ${significant(ratioOf(at))}`;
        }),
      ),
    ),
  };
}

function summaryOf(summaries: readonly Summary[], method: string): Summary | undefined {
  return summaries.find((summary) => summary.method === method);
}
