/**
 * Models on the GPU, alone or with the base they were fine-tuned from: loaded when they are asked for, the least recently
 * used closed when there are too many. Whoever uses one does so in the lane, so that none is closed while it computes.
 */
import { createHash } from 'node:crypto';
import { ReptraceError } from '../../../lib/errors.ts';
import type { ModelDescription, ModelRef } from '../../../lib/mesh/compute-messages.ts';
import type { InspectedModel } from '../../../lib/mesh/plan-messages.ts';
import type { Records } from '../../../lib/records/records.ts';
import { loadModel, type FittingOptions } from '../engine/attribution/load-model.ts';
import { loadPair, loadWholePair } from '../engine/attribution/load-pair.ts';
import type { Gpu } from '../engine/device/gpu.ts';
import { assertFits, assertOther } from '../engine/model/fitting-base.ts';
import { isAdapted } from '../engine/model/lora/adapted-model.ts';
import { Model } from '../engine/model/model.ts';
import type { ModelSource } from '../engine/model/model-source.ts';
import type { GpuKeeper } from './gpu-keeper.ts';
import type { Lane, Priority } from './lane.ts';
import { changedMeanwhile, type ModelDigests } from './model-digests.ts';
import type { FoundModel, ModelFinder } from './model-finder.ts';
import type { OpenModelOptions } from '../engine/model/open-model.ts';
import { openPlace, placeKey } from './model-place.ts';
import { ModelShelf, type LoadedModel, type LoadedPair, type Shelved } from './model-shelf.ts';
import { ofBase } from './of-base.ts';
import { Speeds } from './speeds.ts';
import { VERSION } from './version.ts';

/** Records of every model that some worker has loaded, by digest. */
export const MODELS = 'models';

/** A pair counts as one. */
const MAX_LOADED = 2;
/** Where memory is bounded, a model may have all of it. */
const MAX_LOADED_BOUNDED = 1;

export type { LoadedModel, LoadedPair } from './model-shelf.ts';

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
  /** Done before a model is loaded (tuning/). */
  readonly tune?: (gpu: Gpu, source: ModelSource) => Promise<void>;
  readonly quantized?: OpenModelOptions['quantized'];
}

export class LoadedModels {
  /** How fast each was at its batches. */
  readonly speeds = new Speeds();
  readonly #parts: Parts;
  readonly #shelf = new ModelShelf();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Does `work` with the model, in the lane. The files are looked at each time: one that has changed is another model.
   * Throws what finding and loading it throw, CANCELLED when the worker closes, and what `work` throws.
   * @param work may use the model until it calls `sent`, or ends
   */
  async use<T>(
    ref: ModelRef,
    priority: Priority,
    work: (model: LoadedModel, sent: () => void) => Promise<T>,
  ): Promise<T> {
    const { keeper, finder } = this.#parts;
    if (keeper.failure !== undefined) throw keeper.failure;
    const found = await finder.find(ref);
    return this.#inLane(priority, async (sent) => work(await this.#open(found), sent));
  }

  /**
   * The same with a model and its base, which stay together on the GPU; `use` of either then takes it from there. Throws as
   * `use` does for both, and TOKENIZER_MISMATCH, SHAPE_MISMATCH or INPUT_INVALID for what cannot be its base.
   */
  async usePair<T>(
    ref: ModelRef,
    base: ModelRef,
    priority: Priority,
    work: (pair: LoadedPair, sent: () => void) => Promise<T>,
  ): Promise<T> {
    const { keeper, finder } = this.#parts;
    if (keeper.failure !== undefined) throw keeper.failure;
    const found = await finder.find(ref);
    const foundBase = await ofBase(finder.find(base));
    return this.#inLane(priority, async (sent) => work(await this.#openPair(found, foundBase), sent));
  }

  /** Without loading it, where a worker has done so before. Throws as `use` does. */
  async describe(ref: ModelRef): Promise<ModelDescription> {
    const { keeper, finder, records } = this.#parts;
    const { adapterName, numbers: precision } = keeper;
    const found = await finder.find(ref);
    const known =
      found.digest === undefined ? undefined : await records.get<ModelDescription>(MODELS, found.digest);
    if (known !== undefined && known.value.version === VERSION) {
      return { ...known.value, adapterName, precision, path: found.path, loraPath: found.lora };
    }
    return this.use(ref, 'question', ({ description }) => Promise.resolve(description));
  }

  /** A base, which is known to be one of the model: by their files, and without loading either. Throws as `usePair` does. */
  async describeBase(model: ModelRef, base: ModelRef): Promise<ModelDescription> {
    const { keeper, finder, digests } = this.#parts;
    if (keeper.failure !== undefined) throw keeper.failure;
    const found = await finder.find(model);
    const foundBase = await ofBase(finder.find(base));
    const source = await ofBase(this.#sourceOf(foundBase));
    assertFits(await this.#sourceOf(found), source);
    const { digest } = await ofBase(digests.digestOf(foundBase));
    assertOther((await digests.digestOf(found)).digest, digest, foundBase.path);
    return this.#describe(foundBase, source, digest);
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
    const source = await this.#sourceOf(found);
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
    return this.#shelf.list();
  }

  #inLane<T>(priority: Priority, work: (sent: () => void) => Promise<T>): Promise<T> {
    const { keeper, lane } = this.#parts;
    return lane.run(priority, async (sent) => {
      const result = await work(sent);
      keeper.worked();
      return result;
    });
  }

  async #open(found: FoundModel): Promise<LoadedModel> {
    await this.#forgetLost();
    const same = this.#shelf.model(found);
    if (same !== undefined) return same;
    this.#makeRoomForOne();
    const source = await this.#openPlace(found);
    const { onStreaming, memory } = this.#parts;
    const model = await this.#toGpu(
      source,
      (gpu) => Model.load(gpu, source),
      (gpu) => loadModel(gpu, source, { memory, ...(onStreaming === undefined ? {} : { onStreaming }) }),
    );
    try {
      const shelved = await this.#verified(found, source, model);
      this.#shelf.addModel(shelved);
      return shelved;
    } catch (error) {
      model.close();
      throw error;
    }
  }

  async #openPair(found: FoundModel, foundBase: FoundModel): Promise<LoadedPair> {
    await this.#forgetLost();
    const same = this.#shelf.pair(found, foundBase);
    if (same !== undefined) return same;
    assertOther(found.digest, foundBase.digest, foundBase.path);
    const tuned = await this.#openPlace(found);
    const base =
      isAdapted(tuned) && (await this.#isBaseOf(found, foundBase))
        ? tuned.base
        : await ofBase(this.#openPlace(foundBase));
    assertFits(tuned, base);
    // They would be there twice.
    this.#shelf.closeAlone(found, foundBase);
    this.#makeRoomForOne();
    const { onStreaming, memory } = this.#parts;
    const pair = await this.#toGpu(
      tuned,
      (gpu) => loadWholePair(gpu, tuned, base),
      (gpu) => loadPair(gpu, tuned, base, { memory, ...(onStreaming === undefined ? {} : { onStreaming }) }),
    );
    try {
      const shelved = await this.#verified(found, tuned, pair.tuned);
      this.#shelf.addPair(shelved, await this.#verified(foundBase, base, pair.base), () => {
        pair.close();
      });
      return { ...shelved, base: pair.base };
    } catch (error) {
      pair.close();
      throw error;
    }
  }

  /** Whether a base is what lies under a model's adapter: the same files, or a copy of them. */
  async #isBaseOf({ path, lora }: FoundModel, base: FoundModel): Promise<boolean> {
    if (lora === null || base.lora !== null) return false;
    if (path === base.path) return true;
    const under = await this.#parts.digests.known(await placeKey({ path, lora: null }));
    return under !== undefined && under === base.digest;
  }

  async #forgetLost(): Promise<void> {
    this.#shelf.keepOnly(await this.#parts.keeper.healthy());
  }

  #makeRoomForOne(): void {
    const most = this.#parts.memory === undefined ? MAX_LOADED : MAX_LOADED_BOUNDED;
    this.#shelf.makeRoom(most - 1);
  }

  async #sourceOf(found: FoundModel): Promise<ModelSource> {
    return this.#shelf.source(found.key) ?? this.#openPlace(found);
  }

  #openPlace(found: FoundModel): Promise<ModelSource> {
    return openPlace(found, { quantized: this.#parts.quantized });
  }

  /** What was loaded, if it is what was found. Throws MODEL_CHANGED. */
  async #verified(found: FoundModel, source: ModelSource, model: Model): Promise<Shelved> {
    const { digests, records } = this.#parts;
    const { digest = '' } = model;
    if ((await placeKey(found)) !== found.key || (found.digest ?? digest) !== digest)
      throw changedMeanwhile(found.path);
    await digests.remember(found.key, { path: found.path, lora: found.lora }, digest);
    const description = this.#describe(found, source, digest);
    await records.put(MODELS, digest, description);
    return { key: found.key, model, source, description };
  }

  /**
   * Where all weights do not fit beside the other models, once more without those, and then as it can be.
   * @param whole throws OUT_OF_MEMORY
   */
  async #toGpu<T>(
    source: ModelSource,
    whole: (gpu: Gpu) => Promise<T>,
    asItFits: (gpu: Gpu) => Promise<T>,
  ): Promise<T> {
    const { keeper, memory, tune } = this.#parts;
    await tune?.(await keeper.healthy(), source);
    if (memory === undefined && this.#shelf.size > 0) {
      try {
        return await whole(await keeper.healthy());
      } catch (error) {
        if (!(error instanceof ReptraceError) || error.code !== 'OUT_OF_MEMORY') throw error;
        this.#shelf.makeRoom(0);
      }
    }
    const gpu = await keeper.healthy();
    await gpu.idle();
    return asItFits(gpu);
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
      precision: this.#parts.keeper.numbers,
      adapterName: this.#parts.keeper.adapterName,
      version: VERSION,
      path: found.path,
      loraPath: found.lora,
    };
  }
}
