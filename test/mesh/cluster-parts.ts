/** The services of a cluster as processes of their own, over a NATS and a Qdrant that run: two workers, and one of each other. */
import { join } from 'node:path';
import { freePort } from '../servers/nats.ts';
import { startPart, stopAll, type Part } from './processes.ts';

export interface ClusterOptions {
  /** Kept in its `data`. */
  readonly folder: string;
  /** Folders that clients may name files in. */
  readonly roots: readonly string[];
  readonly nats: string;
  readonly qdrant: string;
  /** Of the environment, beside what follows from the others. */
  readonly env?: Readonly<Record<string, string>>;
}

export class Cluster {
  readonly parts = new Map<string, Part>();
  /** Of every part. */
  readonly env: Readonly<Record<string, string>>;
  readonly #ports: readonly number[];

  private constructor({ folder, roots, nats, qdrant, env }: ClusterOptions, ports: readonly number[]) {
    this.#ports = ports;
    const [compute, index, reporting] = ports.map((port) => `http://127.0.0.1:${port}/graphql`);
    this.env = {
      ...{ NATS_URL: nats, QDRANT_URL: qdrant, REPTRACE_DATA: join(folder, 'data') },
      REPTRACE_ROOTS: roots.join(':'),
      ...{ REPTRACE_COMPUTE_URL: compute, REPTRACE_INDEX_URL: index, REPTRACE_REPORTING_URL: reporting },
      ...env,
    };
  }

  static async start(options: ClusterOptions): Promise<Cluster> {
    const ports = await Promise.all([freePort(), freePort(), freePort()]);
    const cluster = new Cluster(options, ports);
    const [compute, index, reporting] = cluster.#ports.map(String);
    try {
      await Promise.all([
        cluster.serve('first worker', 'compute', compute),
        cluster.serve('second worker', 'compute', '0'),
        cluster.serve('index', 'index', index),
        cluster.serve('reporting', 'reporting', reporting),
      ]);
      await cluster.serve('gateway', 'gateway', '0');
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** In place of one of that name that is gone. */
  async serve(name: string, part: string, port: string): Promise<void> {
    this.parts.set(name, await startPart(['serve', part, '--port', port], this.env));
  }

  /** Starts the index service where it was. */
  serveIndex(): Promise<void> {
    return this.serve('index', 'index', String(this.#ports[1]));
  }

  /** Of the gateway. */
  get graphql(): string {
    return String(this.parts.get('gateway')?.ready['graphql']);
  }

  async stop(): Promise<void> {
    await stopAll([...this.parts.values()]);
  }
}
