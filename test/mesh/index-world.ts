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
import { SILENT } from '../../lib/log.ts';
import {
  decideLayers,
  describeModel,
  SIGN_QUEUE,
  type LayerVectors,
  type ModelDescription,
  type SignTask,
} from '../../lib/mesh/compute-messages.ts';
import { reportSigned, type SignedRow, type SignReport } from '../../lib/mesh/index-messages.ts';
import type { Service } from '../../lib/mesh/service.ts';
import { Random } from '../../lib/random.ts';
import type { Records } from '../../lib/records/records.ts';
import { openSqliteRecords } from '../../lib/records/sqlite-records.ts';
import { startIndexService } from '../../services/index/index-service.ts';
import type { Timing } from '../../services/index/runs/timing.ts';
import { openLanceStore } from '../../services/index/stores/lance-store.ts';
import type { SignatureStore } from '../../services/index/stores/signature-store.ts';

export const WIDTH = 8;
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

export interface WorkerOptions {
  readonly model?: ModelDescription;
  readonly concurrency?: number;
  /** Runs before a task is signed; what it throws fails the task. */
  readonly before?: (task: SignTask, delivery: number, id: string) => Promise<void> | void;
  /** Instead of a signature. */
  readonly sign?: (row: SignTask['rows'][number], layers: readonly number[]) => SignedRow | undefined;
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
  const signed: number[] = [];
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
    signed,
    get service() {
      return services[services.length - 1];
    },
    restart: (change = options.timing) => start(change),
    work: (options) => startWorker(bus, signed, options),
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

async function startWorker(bus: MemoryBus, signed: number[], options: WorkerOptions = {}): Promise<Closable> {
  const { model = MODEL, concurrency = 2, times = 1 } = options;
  const opened = [
    await serve(bus, describeModel, () => Promise.resolve(model)),
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
    await options.before?.(task, delivery, id);
    const rows = task.rows.map((row): SignedRow => {
      const layers = vectorsOf(`${row.prompt}|${row.response}`, task.layers);
      return options.sign?.(row, task.layers) ?? { row: row.row, layers, loss: 1, truncated: false };
    });
    for (let time = 0; time < times; time++) await report(task.index, { kind: 'signed', rows });
    signed.push(...task.rows.map(({ row }) => row));
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
