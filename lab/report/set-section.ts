/** What is said of one set. */
import type { LayerFigures, SetResult } from '../results.ts';
import type { Chart, Section, Table } from './document.ts';
import { seconds } from './format.ts';
import { meanLayers } from './mean-layers.ts';
import { seedNotes } from './notes.ts';
import { RELEASED, releasedSentences } from './released.ts';
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
import { mean, rankedSeeds, type Summary } from './summary.ts';

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
    sentences: [...aboutSentences(set), ...verdictSentences(set), ...releasedSentences(summaries, layers)],
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
    ...seedNotes(set),
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

/** The released code looks at the last layer, whatever the rule chose; all others that look at a layer look at that one. */
function chosenLayers(set: SetResult): number[] {
  const layers = rankedSeeds(set).flatMap(({ methods }) =>
    methods.flatMap(({ method, layer }) => (method !== RELEASED && layer !== null ? [layer] : [])),
  );
  return [...new Set(layers)].toSorted((a, b) => a - b);
}
