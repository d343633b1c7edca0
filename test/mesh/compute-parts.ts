/** A compute service over an in-process bus, for tests: its own records, copies of models, and a build's index service. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { MemoryBus } from '../../lib/bus/memory-bus.ts';
import type { Bus } from '../../lib/bus/bus.ts';
import { serve } from '../../lib/bus/procedure.ts';
import { encode } from '../../lib/bus/wire.ts';
import { SILENT } from '../../lib/log.ts';
import { SIGN_QUEUE, type SignTask } from '../../lib/mesh/compute-messages.ts';
import { reportSigned, type SignedRow, type SignReport } from '../../lib/mesh/index-messages.ts';
import type { Service } from '../../lib/mesh/service.ts';
import { readSettings, type Settings } from '../../lib/mesh/settings.ts';
import type { Records } from '../../lib/records/records.ts';
import { openSqliteRecords } from '../../lib/records/sqlite-records.ts';
import { startComputeService } from '../../services/compute/service/compute-service.ts';
import { Gpu, type GpuOptions } from '../../services/compute/engine/device/gpu.ts';
import { Model } from '../../services/compute/engine/model/model.ts';
import { openModelFolder } from '../../services/compute/engine/model/model-folder.ts';
import { renderSample, type RenderedSample } from '../../services/compute/engine/model/render.ts';
import { sharedPath } from '../shared.ts';
import { DEMO } from './demo-rows.ts';

export const STORIES = sharedPath('models/stories260K/hf');

export type Rendered = { readonly name: string } & RenderedSample;
type Render = (prompt: string, response: string, maxTokens?: number) => Rendered;

/** The engine by itself, as the command line uses it. */
export async function withEngine<T>(use: (model: Model, render: Render) => Promise<T>): Promise<T> {
  const gpu = await Gpu.open();
  try {
    const source = await openModelFolder(STORIES);
    const model = await Model.load(gpu, source);
    try {
      return await use(model, (prompt, response, maxTokens) => {
        const limit = maxTokens === undefined ? {} : { maxTokens };
        return { name: prompt, ...renderSample(source, { prompt, response, ...limit }) };
      });
    } finally {
      model.close();
    }
  } finally {
    gpu.close();
  }
}

/** Everything of one test, ended with it. */
export class ComputeMesh {
  readonly bus: Bus = new MemoryBus();
  readonly folder: string;
  readonly records: Records;
  readonly #services: Service[] = [];

  private constructor(folder: string, records: Records) {
    this.folder = folder;
    this.records = records;
  }

  static async open(): Promise<ComputeMesh> {
    const folder = await mkdtemp(join(tmpdir(), 'reptrace-compute-'));
    return new ComputeMesh(folder, await openSqliteRecords(join(folder, 'records.sqlite')));
  }

  async start(
    models: readonly string[] = [],
    gpu: GpuOptions = {},
    changes: Partial<Settings> = {},
  ): Promise<Service> {
    const settings = {
      ...readSettings({}, { data: this.folder }),
      roots: [this.folder, STORIES, DEMO],
      models,
      ...changes,
    };
    const { bus, records } = this;
    const service = await startComputeService({ bus, settings, records, log: SILENT, gpu });
    this.#services.push(service);
    return service;
  }

  /** A copy of stories260K that may be changed. */
  async copy(name: string): Promise<string> {
    const path = join(this.folder, name);
    await cp(STORIES, path, { recursive: true });
    return path;
  }

  async add(task: SignTask): Promise<void> {
    const queue = await this.bus.queue(SIGN_QUEUE);
    await queue.add(task.index, randomUUID(), encode(task));
  }

  async close(): Promise<void> {
    for (const service of this.#services) await service.close();
    await this.bus.close();
    await this.records.close();
    await rm(this.folder, { recursive: true });
  }
}

/** What a build's index service is told. */
export class Build {
  readonly index = `index-${randomUUID()}`;
  readonly reports: SignReport[] = [];
  goOn = true;

  async serve(bus: Bus): Promise<void> {
    await serve(bus, reportSigned(this.index), (report) => {
      this.reports.push(report);
      return Promise.resolve({ goOn: this.goOn });
    });
  }

  get rows(): SignedRow[] {
    return this.reports.flatMap((report) => (report.kind === 'signed' ? report.rows : []));
  }
}

/** Resolves when it holds; throws after a minute. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
