/** What is said of one set. */
import type { LayerFigures, SetResult } from '../results.ts';
import type { Chart, Section, Table } from './document.ts';
import { seconds, significant } from './format.ts';
import {
  layerTable,
  methodTable,
  retrainingTable,
  seedApTable,
  seedTable,
  spanTable,
  verdictTable,
} from './set-tables.ts';
import { counted, type NamedSet } from './standing.ts';
import { mean, meanOrNull, rankedSeeds, type Summary } from './summary.ts';

/** At such a ratio of norms the smaller half moves the cosine of both, one after the other, by less than .001. */
const ONE_HALF_RULES = 30;

/** The one method that looks at the last layer, whatever the rule chose; all others that look at a layer look at that one. */
const AT_LAST_LAYER = 'rept-released';

/** @param chartsOf drawn figures of a set */
export function setSection(named: NamedSet, chartsOf: (set: ChartedSet) => readonly Chart[]): Section {
  const { name, set } = named;
  const ranked = rankedSeeds(set);
  const summaries = named.summaries.toSorted((a, b) => b.ap.mean - a.ap.mean);
  const layers = meanLayers(set);
  const tables = [
    seedTable(set),
    summaries.length === 0 ? undefined : methodTable(summaries, named.best),
    seedApTable(ranked, summaries),
    verdictTable(set.seeds),
    spanTable(set.seeds),
    layers.length === 0 ? undefined : layerTable(layers),
    retrainingTable(set.seeds),
  ].filter((table): table is Table => table !== undefined);
  return {
    title: name,
    sentences: [...aboutSentences(set), ...verdictSentences(set), ...normSentences(layers)],
    tables,
    charts: chartsOf({ name, summaries, layers, chosen: chosenLayers(set) }),
  };
}

/** What charts of a set are drawn from. */
export interface ChartedSet {
  readonly name: string;
  /** Best first. */
  readonly summaries: readonly Summary[];
  readonly layers: readonly LayerFigures[];
  /** Layers that the curve chose, of any seed. */
  readonly chosen: readonly number[];
}

function aboutSentences(set: SetResult): string[] {
  const { clean, poison, decoys, others = 0 } = set.rows;
  const beside = others === 0 ? '' : `, ${others} of other lessons`;
  const trained = set.lora ? 'with a LoRA adapter' : 'in all its weights';
  return [
    set.about,
    `${counted(clean, 'clean row')}, ${poison} poisoned (${set.poison}), ${counted(decoys, 'decoy')}${beside}. ${modelName(set.model)}, trained ${trained}. ${seconds(set.seconds)} in all.`,
    ...set.seeds.flatMap(({ seed, note }) => (note === null ? [] : [`Seed ${seed}: ${note}.`])),
  ];
}

/** Of a folder the end that tells it from others: where it lies is nobody's business. */
function modelName(path: string): string {
  return path
    .split(/[\\/]/)
    .filter((part) => part !== '')
    .slice(-2)
    .join('/');
}

function verdictSentences(set: SetResult): string[] {
  const known = set.seeds.flatMap(({ verdicts }) => (verdicts.auroc === null ? [] : [verdicts.auroc]));
  if (known.length === 0) return [];
  return [
    `The mean log ratio tells outputs that show the behaviour from clean ones with an AUROC of ${mean(known).toFixed(3)}.`,
  ];
}

/** Why the released formula is one of h alone. */
function normSentences(layers: readonly LayerFigures[]): string[] {
  const last = layers.at(-1);
  if (last === undefined || last.gradientNorm === 0) return [];
  const ratio = last.hiddenNorm / last.gradientNorm;
  const start = `At layer ${last.layer}, the last, ‖h‖ is ${significant(ratio)} times ‖g‖:`;
  return ratio < ONE_HALF_RULES
    ? [`${start} the released formula, the cosine of both as one vector, hears both.`]
    : [
        `${start} in the released formula, the cosine of both as one vector, g counts for about ${significant(1 / ratio ** 2)} of h.`,
      ];
}

/** Means over the seeds that measured layers; a layer that one of them lacks is left out. */
export function meanLayers(set: SetResult): LayerFigures[] {
  const seeds = set.seeds.filter(({ layers }) => layers.length > 0).map(({ layers }) => layers);
  if (seeds.length === 0) return [];
  return seeds[0]
    .toSorted((a, b) => a.layer - b.layer)
    .flatMap(({ layer }) => {
      const same = seeds.flatMap((layers) => layers.filter((each) => each.layer === layer));
      if (same.length < seeds.length) return [];
      const aps = same.flatMap(({ ap }) => (ap === null ? [] : [ap]));
      const over = (half: 'hidden' | 'gradient' | 'both'): number => mean(aps.map((ap) => ap[half]));
      return [
        {
          layer,
          adjacentCosine: meanOrNull(same.map(({ adjacentCosine }) => adjacentCosine)),
          hiddenNorm: mean(same.map(({ hiddenNorm }) => hiddenNorm)),
          gradientNorm: mean(same.map(({ gradientNorm }) => gradientNorm)),
          ap:
            aps.length < same.length
              ? null
              : { hidden: over('hidden'), gradient: over('gradient'), both: over('both') },
        },
      ];
    });
}

function chosenLayers(set: SetResult): number[] {
  const layers = rankedSeeds(set).flatMap(({ methods }) =>
    methods.flatMap(({ method, layer }) => (method !== AT_LAST_LAYER && layer !== null ? [layer] : [])),
  );
  return [...new Set(layers)].toSorted((a, b) => a - b);
}
