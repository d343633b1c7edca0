/** The first sections: which method stands where over all sets, and what each costs. */
import type { Results, SetResult } from '../results.ts';
import { bestOf, type Best } from './best.ts';
import { cell, plain, type Cell, type Section, type Table } from './document.ts';
import { bytes, interval, seconds, share } from './format.ts';
import { missingSeeds, noFigures } from './notes.ts';
import { mean, meanOrNull, overallsOf, summariesOf, type Overall, type Summary } from './summary.ts';

/** The product's own method: the one that others are beside. */
export const OURS = 'taught';

const AP_TITLE = 'Average precision';
const AP_SENTENCE =
  'Mean over the traced outputs of the average precision of the full ranking of rows. Limits of 95 % are of other outputs and, where a set has several models, of other models (bootstrap: models are drawn first, then the outputs of each), not of other sets. Bold: the best, and all that cannot be told from it.';
const OTHER_SENTENCE =
  'Worst output: its average precision, the least over all sets. The rest are means over the sets. P@poison looks at as many rows as are poisoned. auPRC@10 is pooled over outputs and looks at the ten best rows only, as the RepT paper does: it can be 1 while poison is missed.';
const COST_SENTENCE =
  'Of one model and set, in the mean: computing what the method needs of rows and outputs, then scoring. Features that several methods share are counted for each of them. Gradients are charged for the checkpoints that a method looks at.';

/**
 * Results without any ranking have a sentence in the place of tables.
 * @param all the same sets, for a caller that has them named: comparing their methods takes seconds
 */
export function standingSections({ sets }: Results, all = namedSets(sets)): Section[] {
  const named = all.filter(({ summaries }) => summaries.length > 0);
  const unranked = all.filter(({ summaries }) => summaries.length === 0);
  const missing = [
    ...unranked.map(({ name, set }) => noFigures(name, set)),
    ...named.flatMap(({ name, set }) => missingSeeds(name, set)),
  ];
  if (named.length === 0) {
    return [
      { title: AP_TITLE, sentences: ['No set has outputs to trace.', ...missing], tables: [], charts: [] },
    ];
  }
  const overalls = overallsOf(sets);
  const complete = overalls.filter((overall) => overall.sets === named.length);
  const best =
    complete.length === 0
      ? undefined
      : bestOf(
          named.map(({ summaries }) => summaries),
          complete,
        );
  return [
    {
      title: AP_TITLE,
      sentences: [AP_SENTENCE, ...ourSentences(complete, best), ...aheadSentences(named), ...missing],
      tables: [apTable(overalls, named, best?.methods ?? new Set())],
      charts: [],
    },
    {
      title: 'Other figures',
      sentences: [OTHER_SENTENCE],
      tables: [otherTable(overalls, named)],
      charts: [],
    },
    { title: 'Cost', sentences: [COST_SENTENCE], tables: [costTable(overalls, named)], charts: [] },
  ];
}

/** A set with a name that no other has: recipes run twice are told apart by what was trained. */
export interface NamedSet {
  readonly name: string;
  readonly set: SetResult;
  readonly summaries: readonly Summary[];
  /** Methods that are best on it, or tied with the best. */
  readonly best: ReadonlySet<string>;
}

export function namedSets(sets: readonly SetResult[]): NamedSet[] {
  return sets.map((set, i) => {
    const same = sets.filter(({ recipe }) => recipe === set.recipe);
    const trained = set.lora ? 'LoRA' : 'all weights';
    const alike = same.filter(({ lora }) => lora === set.lora);
    const suffix = same.length === 1 ? '' : alike.length === 1 ? ` (${trained})` : ` (${trained}, ${i + 1})`;
    const summaries = summariesOf(set);
    const best = summaries.length === 0 ? new Set<string>() : bestOf([summaries], summaries).methods;
    return { name: `${set.recipe}${suffix}`, set, summaries, best };
  });
}

/** Where our method stands over all sets. */
function ourSentences(complete: readonly Overall[], best: Best | undefined): string[] {
  const ours = complete.find(({ method }) => method === OURS);
  if (ours === undefined || best === undefined) return [];
  const highest = complete.reduce((a, b) => (b.ap.mean > a.ap.mean ? b : a));
  if (highest.ap.mean === ours.ap.mean) return [`${ours.title} has the highest mean over the sets.`];
  const place = best.methods.has(OURS) ? 'cannot be told from' : 'is behind';
  const standing = best.standing(OURS);
  const by = standing === undefined ? '' : `: the difference is ${interval(standing.difference)}`;
  return [`Over the sets ${ours.title} ${place} ${highest.title}, which has the highest mean${by}.`];
}

/** One line for each set where another method has the higher mean, or one that says that there is none. */
export function aheadSentences(named: readonly NamedSet[]): string[] {
  const compared = named.flatMap(({ name, summaries, best }) => {
    const ours = summaries.find(({ method }) => method === OURS);
    if (ours === undefined) return [];
    const ahead = summaries
      .filter(({ ap }) => ap.mean > ours.ap.mean)
      .toSorted((a, b) => b.ap.mean - a.ap.mean);
    return [{ name, ours, ahead, isTied: best.has(OURS) }];
  });
  if (compared.length === 0) return [];
  const [{ ours: first }] = compared;
  const without = named.filter(({ name }) => compared.every((one) => one.name !== name));
  const unknown = without.map(({ name }) => `${name}: ${first.title} was not measured.`);
  const behind = compared.filter(({ ahead }) => ahead.length > 0);
  if (behind.length === 0)
    return [`On no set has another method a higher mean than ${first.title}.`, ...unknown];
  return [
    ...behind.map(({ name, ours, ahead, isTied }) => {
      const list = ahead.map(({ title, ap }) => `${title} ${share(ap.mean)}`).join(', ');
      const tied = isTied ? '; the difference is within what other outputs could give' : '';
      return `${name}: higher than ${ours.title} (${interval(ours.ap)}): ${list}${tied}.`;
    }),
    ...unknown,
  ];
}

function apTable(overalls: readonly Overall[], named: readonly NamedSet[], best: ReadonlySet<string>): Table {
  return {
    caption: 'Average precision, mean [low, high]',
    head: ['method', 'mean over sets', ...named.map(({ name }) => name)],
    rows: overalls.map(({ method, title, ap, sets }) => {
      const part = sets === named.length ? '' : ` (${sets} of ${named.length} sets)`;
      return [
        cell(title),
        cell(`${interval(ap)}${part}`, best.has(method)),
        ...named.map((set) => apCell(set, method)),
      ];
    }),
  };
}

function apCell({ summaries, best }: NamedSet, method: string): Cell {
  const summary = summaries.find((each) => each.method === method);
  return summary === undefined ? cell(share(null)) : cell(interval(summary.ap), best.has(method));
}

function otherTable(overalls: readonly Overall[], named: readonly NamedSet[]): Table {
  return {
    caption: 'Worst output, precision, auPRC, AUROC',
    head: ['method', 'worst output', 'P@10', 'P@poison', 'auPRC@10', 'AUROC'],
    rows: overalls.map(({ method, title }) => {
      const of = named.flatMap(({ summaries }) => summaries.filter((each) => each.method === method));
      return plain(
        title,
        share(Math.min(...of.map(({ worst }) => worst))),
        share(meanPrecision(of, '10')),
        share(meanPrecision(of, 'poison')),
        share(mean(of.map(({ auprc10 }) => auprc10))),
        share(mean(of.map(({ auroc }) => auroc))),
      );
    }),
  };
}

/** null where one of the sets has none at this depth. */
function meanPrecision(of: readonly Summary[], depth: string): number | null {
  return meanOrNull(of.map(({ precision }) => (Object.hasOwn(precision, depth) ? precision[depth] : null)));
}

function costTable(overalls: readonly Overall[], named: readonly NamedSet[]): Table {
  return {
    caption: 'Time, and what is kept of a row',
    head: ['method', 'features', 'scoring', 'kept of a row'],
    rows: overalls.map(({ method, title, bytesPerRow }) => {
      const of = named.flatMap(({ summaries }) => summaries.filter((each) => each.method === method));
      return plain(
        title,
        seconds(mean(of.map(({ featureSeconds }) => featureSeconds))),
        seconds(mean(of.map(({ scoreSeconds }) => scoreSeconds))),
        bytes(bytesPerRow),
      );
    }),
  };
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
