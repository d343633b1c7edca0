/** For tests: an index of samples that no model signed, in a real LanceDB store, with real records. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryBus } from '../../../lib/bus/memory-bus.ts';
import { SILENT } from '../../../lib/log.ts';
import type { LayerVectors } from '../../../lib/mesh/compute-messages.ts';
import { Random } from '../../../lib/random.ts';
import { openSqliteRecords } from '../../../lib/records/sqlite-records.ts';
import { METHOD, scoreOf } from '../../../lib/taught/constants.ts';
import {
  lessonTotal,
  packLesson,
  unpackLesson,
  type SampleBeginning,
  type TaughtToken,
} from '../../../lib/taught/lesson.ts';
import { pooled } from '../../../lib/taught/pooled.ts';
import { centresDigest } from '../runs/hidden-centres.ts';
import type { IndexRecord, TaughtRecord } from '../runs/index-record.ts';
import { IndexRecords } from '../runs/index-records.ts';
import { pointId } from '../runs/points.ts';
import { openLanceStore } from '../stores/lance-store.ts';
import type { SamplePoint, SignatureStore } from '../stores/signature-store.ts';
import { unitBlocks } from '../vectors/unit-blocks.ts';
import { LessonSamples, sampleLessons } from './lesson-samples.ts';
import type { TaughtIndex } from './taught-search.ts';

export const ID = '6f9c3a42-2f0f-4a3e-8f6d-0d4d2f3a9b11';
export const SHAPE = { layers: [2, 4], width: 8, taught: true };
const DIGEST = 'd'.repeat(64);
const GROUPS = 5;

export interface Signed {
  readonly layers: readonly LayerVectors[];
  readonly lesson: readonly TaughtToken[];
  readonly beginning: SampleBeginning;
}

export interface SearchWorld {
  readonly store: SignatureStore;
  readonly records: IndexRecords;
  readonly centres: readonly Float32Array[];
  readonly lessonSamples: LessonSamples;
  /** Of an index whose samples taught something. */
  readonly about: TaughtIndex;
  /** By row. */
  readonly samples: readonly Signed[];
  readonly points: readonly SamplePoint[];
  readonly record: IndexRecord;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly rows: number;
  readonly seed?: number;
  readonly taught?: boolean;
  /** Of taught tokens; METHOD unless said. */
  readonly method?: 'taught 1' | 'taught 2';
}

/** Every other row is labelled `odd`. */
export async function openSearchWorld(options: WorldOptions): Promise<SearchWorld> {
  const { rows, seed = 3, taught = true, method = METHOD } = options;
  const folder = await mkdtemp(join(tmpdir(), 'reptrace-search-'));
  const bus = new MemoryBus();
  const sqlite = await openSqliteRecords(join(folder, 'records.sqlite'));
  const records = new IndexRecords(sqlite, bus, SILENT);
  const store = await openLanceStore(join(folder, 'signatures'));
  const maker = new SignedMaker(seed);
  const samples = Array.from({ length: rows }, () => maker.next());
  const shape = { ...SHAPE, taught };
  const points = samples.map((signed, row) => pointOf(signed, row, taught ? method : null));
  await store.create(ID, shape);
  await store.upsert(ID, points);
  const record = recordOf(rows, taught ? { method, hiddenCentres: centresDigest(maker.centres) } : null);
  await records.create(record, 'absent');
  if (taught) await records.putHiddenCentres(ID, maker.centres, () => Promise.resolve());
  const about = {
    score: scoreOf(method),
    shape,
    centres: maker.centres,
    samples: taught ? await sampleLessons(store, ID, rows) : [],
  };
  return {
    ...{ store, records, centres: maker.centres, samples, points, record },
    ...{ about, lessonSamples: new LessonSamples(store) },
    close: async () => {
      await store.close();
      await sqlite.close();
      await bus.close();
      await rm(folder, { recursive: true });
    },
  };
}

/**
 * Signatures of the form that models give them: hidden states around a common centre, gradients a hundredth as long, lessons
 * of which some share what their group was taught.
 */
export class SignedMaker {
  readonly centres: readonly Float32Array[];
  readonly #random: Random;
  /** Apart, so that all else is the same whether samples have beginnings or not. */
  readonly #beginnings: Random;
  readonly #shared: readonly (readonly TaughtToken[])[];

  constructor(seed: number) {
    // What is common is the same for all seeds, so that questions fit the samples.
    this.#random = new Random(1);
    this.centres = SHAPE.layers.map(() => this.#vector(SHAPE.width, 6));
    this.#shared = Array.from({ length: GROUPS }, () => this.#tokens(3, 9));
    this.#random = new Random(seed);
    this.#beginnings = new Random(seed + 2 ** 16);
  }

  /** One in three is of a group, unless it is said of which. */
  next(count = 1 + this.#random.int(8), group = this.#random.int(3 * GROUPS)): Signed {
    const layers = SHAPE.layers.map((layer, l) => ({
      layer,
      hidden: this.#vector(SHAPE.width, 2).map((value, i) => value + this.centres[l][i]),
      gradient: this.#vector(SHAPE.width, 0.01),
    }));
    const shared = (this.#shared.at(group) ?? []).map((one) => this.#like(one));
    const tokens = [...shared, ...this.#tokens(count, 1)].slice(0, count);
    const lesson = tokens
      .map((token, i) => ({ ...token, position: 7 + 2 * i }))
      .sort((a, b) => b.weight - a.weight);
    const beginning = this.#beginning(lessonTotal(lesson));
    // As it is stored, in float16.
    const stored = unpackLesson(packLesson(lesson, beginning));
    return {
      layers,
      lesson: count > 8 ? lesson : stored.tokens,
      beginning: stored.beginning ?? beginning,
    };
  }

  /** One of a few kinds, at some distance; more was taught than is kept. */
  #beginning(kept: number): SampleBeginning {
    const kind = new Random(2 ** 20 + this.#beginnings.int(4));
    const near = (): Float32Array =>
      unit(Float32Array.from({ length: 64 }, () => kind.normal() + this.#beginnings.normal()));
    return { position: 5, total: Math.fround(3 * kept + 1), hidden: near(), gradient: near() };
  }

  #like(token: TaughtToken): TaughtToken {
    const near = (row: Float32Array): Float32Array =>
      unit(row.map((value) => value + 0.04 * this.#random.normal()));
    const { position, weight, hidden, gradient } = token;
    return {
      position,
      weight: weight * (0.5 + this.#random.next()),
      hidden: near(hidden),
      gradient: near(gradient),
    };
  }

  #tokens(count: number, scale: number): TaughtToken[] {
    return Array.from({ length: count }, () => ({
      position: 0,
      weight: scale * (0.1 + this.#random.next()),
      hidden: unit(this.#vector(64, 1)),
      gradient: unit(this.#vector(64, 1)),
    }));
  }

  #vector(length: number, scale: number): Float32Array {
    return Float32Array.from({ length }, () => scale * this.#random.normal());
  }
}

function unit(values: Float32Array): Float32Array {
  const norm = Math.hypot(...values);
  return values.map((value) => value / norm);
}

function pointOf(signed: Signed, row: number, method: string | null): SamplePoint {
  const { layers, lesson } = signed;
  const beginning = method === 'taught 1' ? null : signed.beginning;
  return {
    ...{ id: pointId(ID, DIGEST, row), row, line: row + 1, sourceRow: row, part: null },
    ...{ context: [], prompt: `prompt ${row}`, response: `response ${row}`, raw: null },
    ...{ label: row % 2 === 1 ? 'odd' : null, metadata: {}, truncated: false, loss: 1 },
    ...{ taught: method === null ? null : lessonTotal(lesson) },
    lesson: method === null ? null : { packed: packLesson(lesson, beginning), pooled: pooled(lesson) },
    ...unitBlocks(layers, SHAPE),
  };
}

/** Of what a search looks at. */
function recordOf(rows: number, taught: Partial<TaughtRecord> | null): IndexRecord {
  const part = {
    ...{
      id: ID,
      name: 'demo',
      firstDigest: DIGEST,
      recall: null,
      taughtRecall: null,
      attempt: 1,
      generation: 0,
      cursor: 1,
      base: null,
      taught,
    },
    life: { state: 'COMPLETED' },
    model: { hiddenSize: SHAPE.width },
    layers: { layers: SHAPE.layers },
    dataset: { rows, columns: { kind: 'text', prompt: ['prompt'], response: 'response', label: 'label' } },
  };
  return part as unknown as IndexRecord;
}
