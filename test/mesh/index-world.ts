/**
 * An index service over the in-process bus, SQLite and LanceDB, with a stand-in for the compute workers (the real one is
 * tested elsewhere): its vectors follow from the texts, so that a test can compute what an index must hold.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { graphql } from 'graphql';
import type { Closable, Task } from '../../lib/bus/bus.ts';
import { MemoryBus } from '../../lib/bus/memory-bus.ts';
import { call, serve } from '../../lib/bus/procedure.ts';
import { decode } from '../../lib/bus/wire.ts';
import { ReptraceError } from '../../lib/errors.ts';
import { SILENT } from '../../lib/log.ts';
import {
  decideLayers,
  describeBase,
  describeModel,
  prepareTaught,
  SIGN_QUEUE,
  type LayerVectors,
  type ModelDescription,
  type SignTask,
  type TaughtPreparation,
  type TaughtSetup,
  type TextPair,
} from '../../lib/mesh/compute-messages.ts';
import { reportSigned, type SignedRow, type SignReport } from '../../lib/mesh/index-messages.ts';
import type { Service } from '../../lib/mesh/service.ts';
import { Random } from '../../lib/random.ts';
import type { Records } from '../../lib/records/records.ts';
import { openSqliteRecords } from '../../lib/records/sqlite-records.ts';
import { KEPT_TOKENS, TOKEN_DIMS } from '../../lib/taught/constants.ts';
import { lessonTotal, packLesson, type SampleBeginning, type TaughtToken } from '../../lib/taught/lesson.ts';
import { startIndexService } from '../../services/index/index-service.ts';
import type { Timing } from '../../services/index/runs/timing.ts';
import { openLanceStore } from '../../services/index/stores/lance-store.ts';
import type { SignatureStore } from '../../services/index/stores/signature-store.ts';

export const WIDTH = 8;
/** Where models really are. */
const MODELS = '/models/';
export const MODEL: ModelDescription = {
  digest: 'a'.repeat(64),
  architecture: 'llama',
  layers: 5,
  hiddenSize: WIDTH,
  vocabSize: 512,
  contextLength: 128,
  template: null,
  precision: 'f32',
  adapterName: 'a stand-in',
  version: '0.0.0',
  path: '/models/stand-in',
  loraPath: null,
};

/** What a model might make of a text: always the same. */
export function vectorsOf(text: string, layers: readonly number[]): LayerVectors[] {
  const random = new Random(createHash('sha256').update(text).digest().readUInt32LE(0));
  const vector = (): Float32Array => Float32Array.from({ length: WIDTH }, () => random.normal());
  return layers.map((layer) => ({ layer, hidden: vector(), gradient: vector() }));
}

/** The model before the fine-tuning, however it is named: its digest follows from its name. */
export function baseOf(name: string): ModelDescription {
  return { ...MODEL, digest: createHash('sha256').update(name).digest('hex'), path: `${MODELS}${name}` };
}

/** What a text might have taught: always the same, of 0 to KEPT_TOKENS tokens. */
export function lessonOf(text: string): TaughtToken[] {
  const random = new Random(createHash('sha256').update(text).digest().readUInt32LE(4));
  const row = (): Float32Array => unitRow(random);
  const tokens = Array.from({ length: random.int(KEPT_TOKENS + 1) }, (_, i) => {
    return { position: 3 + i, weight: Math.fround(10 * random.next()), gradient: row(), hidden: row() };
  });
  return tokens.sort((a, b) => b.weight - a.weight);
}

/** Where its response might begin: always the same. */
export function beginningOf(text: string): SampleBeginning {
  const random = new Random(createHash('sha256').update(text).digest().readUInt32LE(8));
  const total = Math.fround(2 * lessonTotal(lessonOf(text)));
  return { position: 2, total, gradient: unitRow(random), hidden: unitRow(random) };
}

function unitRow(random: Random): Float32Array {
  const values = Array.from({ length: TOKEN_DIMS }, () => random.normal());
  return Float32Array.from(values, (value) => value / Math.hypot(...values));
}

/** As a worker packs it, for an index of either method. */
export function packed(text: string, { beginningCentre }: TaughtSetup): Uint8Array {
  return packLesson(lessonOf(text), beginningCentre === undefined ? null : beginningOf(text));
}

/** Centres and null that differ from one asking to the next, as those of another machine might. */
export function preparation(asking: number, layers: readonly number[], rows: number): TaughtPreparation {
  const numbers = (count: number) => Float32Array.from({ length: count }, (_, i) => asking + 1 / (i + 1));
  return {
    ...{ seed: 24_301, centre: numbers(TOKEN_DIMS), hiddenCentres: layers.map(() => numbers(WIDTH)), rows },
    beginningCentre: numbers(TOKEN_DIMS).map((value) => -value),
    nullRatios: [-0.25, 0, 0.125 * asking],
  };
}

type SentRow = SignedRow | Omit<Extract<SignedRow, { readonly loss: number }>, 'lesson'>;

export interface WorkerOptions {
  readonly model?: ModelDescription;
  /** Runs before an index is prepared; what it throws is the answer. */
  readonly preparing?: (rows: readonly TextPair[]) => Promise<void> | void;
  readonly concurrency?: number;
  /** Runs before a task is signed; what it throws fails the task. */
  readonly before?: (task: SignTask, delivery: number, id: string) => Promise<void> | void;
  /** Instead of a signature; one without a lesson is given what the text taught, where that is asked for. */
  readonly sign?: (row: SignTask['rows'][number], layers: readonly number[]) => SentRow | undefined;
  /** How often each report is brought. */
  readonly times?: number;
}

export interface World {
  readonly folder: string;
  readonly bus: MemoryBus;
  readonly records: Records;
  readonly store: SignatureStore;
  /** Rows of every task that a worker signed. */
  readonly signed: number[];
  /** Every task that a worker was given. */
  readonly tasks: SignTask[];
  /** Rows that each index was prepared with, or was to be. */
  readonly prepared: (readonly TextPair[])[];
  readonly service: Service;
  /** Starts another index service; the old one is neither closed nor told. */
  restart(timing?: Partial<Timing>): Promise<Service>;
  work(options?: WorkerOptions): Promise<Closable>;
  dataset(name: string, rows: readonly unknown[]): Promise<string>;
  /** Data of a GraphQL operation; throws its first error. */
  ask(source: string, variables?: Record<string, unknown>): Promise<Record<string, never>>;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly timing?: Partial<Timing>;
  readonly store?: (real: SignatureStore) => SignatureStore;
  readonly records?: (real: Records) => Records;
  readonly maxPayload?: number;
}

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'reptrace-index-'));
  const bus = new MemoryBus({ maxPayload: options.maxPayload });
  const sqlite = await openSqliteRecords(join(folder, 'records.sqlite'));
  const records = options.records?.(sqlite) ?? sqlite;
  const real = await openLanceStore(join(folder, 'signatures'));
  const store = options.store?.(real) ?? real;
  const seen: Seen = { signed: [], tasks: [], prepared: [] };
  const services: Service[] = [];
  const start = async (change: Partial<Timing> = {}): Promise<Service> => {
    const parts = { bus, settings: { roots: [folder] }, records, store, log: SILENT };
    const started = await startIndexService({
      ...parts,
      timing: { progressMs: 20, sweepMs: 100, ...change },
    });
    services.push(started);
    return started;
  };
  await start(options.timing);
  return {
    folder,
    bus,
    records,
    store,
    ...seen,
    get service() {
      return services[services.length - 1];
    },
    restart: (change = options.timing) => start(change),
    work: (options) => startWorker(bus, seen, options),
    dataset: async (name, rows) => {
      const path = join(folder, name);
      await writeFile(
        path,
        rows.map((row) => `${typeof row === 'string' ? row : JSON.stringify(row)}\n`).join(''),
      );
      return path;
    },
    ask: async (source, variableValues = {}) => {
      const { schema } = services[services.length - 1];
      const { data, errors } = await graphql({
        schema,
        source,
        variableValues,
        contextValue: { loaders: new Map() },
      });
      if (errors?.[0] !== undefined) throw errors[0];
      return data as Record<string, never>;
    },
    close: async () => {
      await Promise.all(services.map((service) => service.close()));
      await bus.close();
      await sqlite.close();
      await real.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

type Seen = Pick<World, 'signed' | 'tasks' | 'prepared'>;

async function startWorker(bus: MemoryBus, seen: Seen, options: WorkerOptions = {}): Promise<Closable> {
  const { model = MODEL, concurrency = 2, times = 1 } = options;
  const opened = [
    await serve(bus, describeModel, () => Promise.resolve(model)),
    await serve(bus, describeBase, ({ base: { digest, path = '' } }) => {
      const base = baseOf(path.replace(MODELS, ''));
      if (digest === undefined || digest === base.digest) return Promise.resolve(base);
      throw new ReptraceError('MODEL_CHANGED', 'the base model changed', 'Put it back.');
    }),
    await serve(bus, prepareTaught, async ({ layers, rows }) => {
      seen.prepared.push(rows);
      await options.preparing?.(rows);
      return preparation(seen.prepared.length, layers, rows.length);
    }),
    await serve(bus, decideLayers, ({ layers, probes }) =>
      Promise.resolve(
        layers === 'auto'
          ? { layers: [3], rule: 'deep' as const, curve: [1, 0.5], probes: probes.length }
          : { layers, rule: 'named' as const, curve: [], probes: 0 },
      ),
    ),
    await (
      await bus.queue(SIGN_QUEUE)
    ).consume((task) => sign(task), { concurrency, onFailure: () => undefined }),
  ];

  async function sign({ id, payload, delivery }: Task): Promise<void> {
    const task = decode<SignTask>(payload);
    seen.tasks.push(task);
    await options.before?.(task, delivery, id);
    const rows = task.rows.map((row): SignedRow => {
      const text = `${row.prompt}|${row.response}`;
      const layers = vectorsOf(text, task.layers);
      const sent = options.sign?.(row, task.layers) ?? { row: row.row, layers, loss: 1, truncated: false };
      if ('code' in sent || 'lesson' in sent) return sent;
      return { ...sent, lesson: task.taught === null ? null : packed(text, task.taught) };
    });
    for (let time = 0; time < times; time++) await report(task.index, { kind: 'signed', rows });
    seen.signed.push(...task.rows.map(({ row }) => row));
  }

  async function report(index: string, message: SignReport): Promise<void> {
    await call(bus, reportSigned(index), message);
  }

  return {
    close: async () => {
      await Promise.all(opened.map((part) => part.close()));
    },
  };
}
