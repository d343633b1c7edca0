/**
 * Models on the GPU: loaded when they are asked for, the least recently used closed when there are too many. Whoever uses
 * one does so in the lane, so that none is closed while it computes.
 */
import { createHash } from 'node:crypto';
import { ReptraceError } from '../../../lib/errors.ts';
import type { ModelDescription, ModelRef } from '../../../lib/mesh/compute-messages.ts';
import type { InspectedModel } from '../../../lib/mesh/plan-messages.ts';
import type { Records } from '../../../lib/records/records.ts';
import { loadModel, type FittingOptions } from '../engine/attribution/load-model.ts';
import { Model } from '../engine/model/model.ts';
import type { ModelSource } from '../engine/model/model-source.ts';
import type { GpuKeeper } from './gpu-keeper.ts';
import type { Lane, Priority } from './lane.ts';
import { changedMeanwhile, type ModelDigests } from './model-digests.ts';
import type { FoundModel, ModelFinder } from './model-finder.ts';
import type { OpenModelOptions } from '../engine/model/open-model.ts';
import { openPlace, placeKey } from './model-place.ts';
import { Speeds } from './speeds.ts';
import { VERSION } from './version.ts';

/** Records of every model that some worker has loaded, by digest. */
export const MODELS = 'models';

const MAX_LOADED = 2;
/** Where memory is bounded, a model may have all of it. */
const MAX_LOADED_BOUNDED = 1;

export interface LoadedModel {
  /** To be used in the lane only. */
  readonly model: Model;
  readonly source: ModelSource;
  readonly description: ModelDescription;
}

export interface Inspected {
  readonly source: ModelSource;
  readonly description: InspectedModel;
}

interface Parts {
  readonly keeper: GpuKeeper;
  readonly lane: Lane;
  readonly finder: ModelFinder;
  readonly digests: ModelDigests;
  readonly records: Records;
  /** Bytes of the GPU that models may use; default all that there are. */
  readonly memory?: number | undefined;
  readonly onStreaming?: FittingOptions['onStreaming'];
  readonly quantized?: OpenModelOptions['quantized'];
}

export class LoadedModels {
  /** How fast each was at its batches. */
  readonly speeds = new Speeds();
  readonly #parts: Parts;
  /** By fingerprint, the least recently used first. */
  readonly #loaded = new Map<string, LoadedModel>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Does `work` with the model, in the lane. The files are looked at each time: one that has changed is another model.
   * Throws what finding and loading it throw, CANCELLED when the worker closes, and what `work` throws.
   */
  async use<T>(ref: ModelRef, priority: Priority, work: (model: LoadedModel) => Promise<T>): Promise<T> {
    const { keeper, lane, finder } = this.#parts;
    if (keeper.failure !== undefined) throw keeper.failure;
    const found = await finder.find(ref);
    return lane.run(priority, async () => {
      const result = await work(await this.#open(found));
      keeper.worked();
      return result;
    });
  }

  /** Without loading it, where a worker has done so before. Throws as `use` does. */
  async describe(ref: ModelRef): Promise<ModelDescription> {
    const { keeper, finder, records } = this.#parts;
    const { adapterName } = keeper;
    const found = await finder.find(ref);
    const known =
      found.digest === undefined ? undefined : await records.get<ModelDescription>(MODELS, found.digest);
    if (known !== undefined && known.value.version === VERSION) {
      return { ...known.value, adapterName, path: found.path, loraPath: found.lora };
    }
    return this.use(ref, 'question', ({ description }) => Promise.resolve(description));
  }

  /**
   * By its files alone: nothing of it goes to the GPU.
   * @param identify reads the weights for a digest that is not known
   * Throws as `use` does, but for what loading throws.
   */
  async inspect(ref: ModelRef, identify: boolean): Promise<Inspected> {
    const { keeper, finder, digests } = this.#parts;
    if (keeper.failure !== undefined) throw keeper.failure;
    const found = await finder.find(ref);
    const source = this.#loaded.get(found.key)?.source ?? (await this.#openPlace(found));
    const digest = found.digest ?? (identify ? (await digests.digestOf(found)).digest : null);
    return { source, description: this.#describe(found, source, digest) };
  }

  /** Whether it is on the GPU. */
  has(digest: string | null): boolean {
    return this.list().some((loaded) => loaded.digest === digest);
  }

  /** Where it lies here. Throws as `use` does, but for what loading throws. */
  find(ref: ModelRef): Promise<FoundModel> {
    return this.#parts.finder.find(ref);
  }

  /** Most recently used last. */
  list(): ModelDescription[] {
    return [...this.#loaded.values()].map(({ description }) => description);
  }

  async #open(found: FoundModel): Promise<LoadedModel> {
    const gpu = await this.#parts.keeper.healthy();
    for (const [key, { model }] of this.#loaded) {
      // What lived on a device that is gone has gone with it.
      if (model.gpu !== gpu) this.#loaded.delete(key);
    }
    const same = [...this.#loaded].find(
      ([key, { description }]) => key === found.key || description.digest === found.digest,
    );
    if (same !== undefined) {
      const [key, { model, source, description }] = same;
      const loaded = {
        model,
        source,
        description: { ...description, path: found.path, loraPath: found.lora },
      };
      this.#loaded.delete(key);
      this.#loaded.set(found.key, loaded);
      return loaded;
    }
    const most = this.#parts.memory === undefined ? MAX_LOADED : MAX_LOADED_BOUNDED;
    this.#makeRoom(most - 1);
    const model = await this.#load(found);
    this.#loaded.set(found.key, model);
    return model;
  }

  #makeRoom(most: number): void {
    for (const [key, { model }] of this.#loaded) {
      if (this.#loaded.size <= most) return;
      this.#loaded.delete(key);
      model.close();
    }
  }

  #openPlace(found: FoundModel): Promise<ModelSource> {
    return openPlace(found, { quantized: this.#parts.quantized });
  }

  async #load(found: FoundModel): Promise<LoadedModel> {
    const { digests, records } = this.#parts;
    const source = await this.#openPlace(found);
    const model = await this.#toGpu(source);
    try {
      const { digest = '' } = model;
      if ((await placeKey(found)) !== found.key || (found.digest ?? digest) !== digest)
        throw changedMeanwhile(found.path);
      await digests.remember(found.key, { path: found.path, lora: found.lora }, digest);
      const description = this.#describe(found, source, digest);
      await records.put(MODELS, digest, description);
      return { model, source, description };
    } catch (error) {
      model.close();
      throw error;
    }
  }

  /** Where it does not fit, once more without the other models, and then block by block. */
  async #toGpu(source: ModelSource): Promise<Model> {
    const { keeper, memory, onStreaming } = this.#parts;
    if (memory === undefined && this.#loaded.size > 0) {
      try {
        return await Model.load(await keeper.healthy(), source);
      } catch (error) {
        if (!(error instanceof ReptraceError) || error.code !== 'OUT_OF_MEMORY') throw error;
        this.#makeRoom(0);
      }
    }
    const gpu = await keeper.healthy();
    await gpu.idle();
    return loadModel(gpu, source, { memory, ...(onStreaming === undefined ? {} : { onStreaming }) });
  }

  #describe<Digest extends string | null>(
    found: FoundModel,
    { config, template }: ModelSource,
    digest: Digest,
  ): InspectedModel & { readonly digest: Digest } {
    return {
      digest,
      architecture: config.family,
      layers: config.layers,
      hiddenSize: config.hiddenSize,
      vocabSize: config.vocabSize,
      contextLength: config.maxPositions,
      template: template === null ? null : createHash('sha256').update(template.source).digest('hex'),
      // Weights are widened as they are read: everything is computed and summed in float32.
      precision: 'f32',
      adapterName: this.#parts.keeper.adapterName,
      version: VERSION,
      path: found.path,
      loraPath: found.lora,
    };
  }
}
