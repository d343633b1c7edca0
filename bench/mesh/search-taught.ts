/**
 * How long a search by taught tokens takes among synthetic points, and how many of the true best fifty its first stage finds,
 * in both stores. What is timed is all that a trace waits for once its output is signed: candidates, their exact scores, and
 * the words that met.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { METHOD, scoreOf } from '../../lib/taught/constants.ts';
import { openLanceStore } from '../../services/index/stores/lance-store.ts';
import { connectQdrantStore } from '../../services/index/stores/qdrant-store.ts';
import type { CollectionShape, SignatureStore } from '../../services/index/stores/signature-store.ts';
import { taughtRecall } from '../../services/index/search/taught-recall.ts';
import { sampleLessons } from '../../services/index/search/lesson-samples.ts';
import { TaughtScorer, taughtSearch } from '../../services/index/search/taught-search.ts';
import { percent, short, table } from '../measure/table.ts';
import { latencyOf, millisecondsOf, type Latency } from './latency.ts';
import { demoRows, type BenchRow } from './rows.ts';
import { settled } from './search-settled.ts';
import { taughtCentres, taughtPoints, taughtQuestion } from './synthetic-taught.ts';

export interface TaughtSearchSettings {
  readonly points: number;
  readonly widths: readonly number[];
  /** Of which the first is not counted. */
  readonly searches: number;
  readonly recallQuestions: number;
}

export interface TaughtSearchSpeed {
  readonly store: string;
  readonly width: number;
  readonly points: number;
  /** Seconds. */
  readonly filling: number;
  readonly search: Latency;
  /** Mean share of the true first TOP_RECALL. */
  readonly recall: number;
}

interface Parts {
  readonly folder: string;
  /** null: LanceDB alone. */
  readonly qdrantUrl: string | null;
  readonly progress: (line: string) => void;
}

const TEXTS = 100;
const POINTS_AT_ONCE = 2000;
const TOP = 10;
const TOP_RECALL = 50;
/** Seeds of questions, apart from those of points. */
const QUESTION_SEED = 2 ** 30;

export async function measureTaughtSearch(
  { folder, qdrantUrl, progress }: Parts,
  settings: TaughtSearchSettings,
): Promise<TaughtSearchSpeed[]> {
  const texts = await demoRows(TEXTS);
  const speeds: TaughtSearchSpeed[] = [];
  for (const width of settings.widths) {
    const shape = { layers: [1], width, taught: true };
    const stores: (readonly [string, SignatureStore])[] = [['LanceDB', await lanceStore(folder)]];
    try {
      if (qdrantUrl !== null) stores.push(['Qdrant', await connectQdrantStore(qdrantUrl)]);
      for (const [name, store] of stores) {
        progress(`${settings.points} lessons in ${name}, width ${width}`);
        const index = `taught-${width}`;
        const filling = await fill(store, index, shape, texts, settings.points);
        if (name === 'Qdrant' && qdrantUrl !== null) await settled(qdrantUrl);
        const measured = await measure(store, index, shape, settings);
        speeds.push({ store: name, width, points: settings.points, filling, ...measured });
        await store.drop(index);
      }
    } finally {
      await Promise.all(stores.map(([, store]) => store.close()));
    }
  }
  return speeds;
}

export function taughtSearchTable(speeds: readonly TaughtSearchSpeed[]): string {
  return table(
    ['store', 'signatures', 'width', 'filled in s', 'search by taught tokens', `recall@${TOP_RECALL}`],
    speeds.map(({ store, points, width, filling, search, recall }) => [
      ...[store, points, width, short(filling), `${short(search.p50)} / ${short(search.p95)}`],
      percent(recall),
    ]),
  );
}

async function lanceStore(folder: string): Promise<SignatureStore> {
  const place = join(folder, 'taught');
  await mkdir(place, { recursive: true });
  return await openLanceStore(place);
}

async function fill(
  store: SignatureStore,
  index: string,
  shape: CollectionShape,
  texts: readonly BenchRow[],
  size: number,
): Promise<number> {
  await store.create(index, shape);
  const milliseconds = await millisecondsOf(async () => {
    for (let at = 0; at < size; at += POINTS_AT_ONCE) {
      const points = taughtPoints(shape, texts, at, Math.min(size, at + POINTS_AT_ONCE));
      await store.upsert(index, points);
    }
  });
  return milliseconds / 1000;
}

async function measure(
  store: SignatureStore,
  index: string,
  shape: CollectionShape,
  { points, searches, recallQuestions }: TaughtSearchSettings,
): Promise<Pick<TaughtSearchSpeed, 'search' | 'recall'>> {
  const place = { store, index, filter: undefined };
  const about = {
    ...{ score: scoreOf(METHOD), shape, centres: taughtCentres(shape) },
    samples: await sampleLessons(store, index, points),
  };
  const samples: number[] = [];
  for (let i = 0; i <= searches; i++) {
    const query = taughtQuestion(shape, QUESTION_SEED + i);
    const work = async (): Promise<void> => {
      const scorer = new TaughtScorer(query, about);
      const { ranked } = await taughtSearch(place, scorer, { top: TOP, exact: false });
      for (const { point } of ranked) scorer.evidence(point);
    };
    samples.push(await millisecondsOf(work));
  }
  const questions = Array.from({ length: recallQuestions }, (_, i) =>
    taughtQuestion(shape, QUESTION_SEED + i),
  );
  const recall = await taughtRecall(place, questions, about, TOP_RECALL);
  return { search: latencyOf(samples.slice(1)), recall };
}
