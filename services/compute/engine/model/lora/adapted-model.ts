/**
 * A model with a LoRA adapter applied: the base's tensors, the adapted ones as float32 W + scale·B·A, made part by part
 * as the base is read; the others stay as they are, quantised ones too. Neither folder is written to, and no more than one
 * module's factors are in memory.
 */
import { ReptraceError } from '../../../../../lib/errors.ts';
import { assertFinite } from '../dtype.ts';
import { decodeWeights } from '../gguf/dequantize.ts';
import { valuesIn, type GgufDType } from '../gguf/gguf-types.ts';
import type { HashedTensor } from '../model-digest.ts';
import type { LoadWeightsOptions, ModelSource, WeightReader, WeightVisitor } from '../model-source.ts';
import { quoteName } from '../safetensors.ts';
import { adaptedDigest, adapterDigest } from './adapter-digest.ts';
import type { AdapterFolder } from './adapter-folder.ts';
import { matchAdapterTensors, type AdaptedModule } from './adapter-tensors.ts';
import { addLowRank, transposedFactors, type Factors } from './low-rank.ts';

/** A model that is known to be another one with an adapter. */
export interface AdaptedSource extends ModelSource {
  readonly base: ModelSource;
  /** Names of the tensors that are not the base's. */
  readonly adapted: ReadonlySet<string>;
  /**
   * Reads the base once for both models: `visitBase` is given all of its tensors, `visitAdapted` the adapted ones. Throws as
   * `loadWeights` does.
   */
  loadBoth(
    visitBase: WeightVisitor,
    visitAdapted: WeightVisitor,
    options?: LoadWeightsOptions,
  ): Promise<PairDigests>;
}

export interface PairDigests {
  readonly base: string;
  readonly adapted: string;
}

/** Throws LORA_INVALID or LORA_UNSUPPORTED unless every part of the adapter has its place in the model. */
export function adaptedModel(base: ModelSource, adapter: AdapterFolder): AdaptedSource {
  return new AdaptedModel(base, adapter, matchAdapterTensors(base.config, adapter.config, adapter.tensors));
}

export function isAdapted(source: ModelSource): source is AdaptedSource {
  return source instanceof AdaptedModel;
}

class AdaptedModel implements AdaptedSource {
  readonly path: string;
  readonly config: ModelSource['config'];
  readonly tokenizer: ModelSource['tokenizer'];
  readonly template: ModelSource['template'];
  readonly configJson: ModelSource['configJson'];
  readonly textFiles: ModelSource['textFiles'];
  readonly tokenizerDigest: string | null;
  readonly tensors: ModelSource['tensors'];
  readonly base: ModelSource;
  readonly adapted: ReadonlySet<string>;
  readonly #adapter: AdapterFolder;
  readonly #modules: ReadonlyMap<string, AdaptedModule>;
  #digest: string | undefined;
  /** The adapter's tensors as they were when the digest was made of them. */
  #hashed: ReadonlyMap<string, HashedTensor> | undefined;

  constructor(base: ModelSource, adapter: AdapterFolder, modules: ReadonlyMap<string, AdaptedModule>) {
    this.base = base;
    this.adapted = new Set(modules.keys());
    this.#adapter = adapter;
    this.#modules = modules;
    this.path = base.path;
    this.config = base.config;
    this.tokenizer = base.tokenizer;
    this.template = base.template;
    this.configJson = base.configJson;
    this.textFiles = base.textFiles;
    this.tokenizerDigest = base.tokenizerDigest;
    const widened = [...base.tensors].map(([name, { dtype, shape }]) => {
      return [name, { dtype: modules.has(name) ? ('F32' as const) : dtype, shape }] as const;
    });
    this.tensors = new Map(widened);
  }

  async loadWeights(visit?: WeightVisitor, options: LoadWeightsOptions = {}): Promise<string> {
    const hashed = new Map<string, HashedTensor>();
    const base = await this.base.loadWeights(this.#applying(visit, hashed), options);
    return this.#identify(base, hashed);
  }

  async loadBoth(
    visitBase: WeightVisitor,
    visitAdapted: WeightVisitor,
    options: LoadWeightsOptions = {},
  ): Promise<PairDigests> {
    const hashed = new Map<string, HashedTensor>();
    const applying = this.#applying(visitAdapted, hashed);
    const base = await this.base.loadWeights(async (name, info, chunk, offset) => {
      await visitBase(name, info, chunk, offset);
      if (this.adapted.has(name)) await applying(name, info, chunk, offset);
    }, options);
    return { base, adapted: this.#identify(base, hashed) };
  }

  async openWeights(): Promise<WeightReader> {
    const base = await this.base.openWeights();
    return {
      read: (names, visit, range) => base.read(names, this.#applying(visit, new Map(), this.#hashed), range),
      close: () => base.close(),
    };
  }

  async digest(): Promise<string> {
    return this.#digest ?? (await this.loadWeights());
  }

  async readTensor(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.base.readTensor(name);
    const module = this.#modules.get(name);
    const info = this.base.tensors.get(name);
    if (module === undefined || info === undefined) return bytes;
    return this.#apply(name, info.dtype, bytes, 0, await this.#factors(module));
  }

  #identify(base: string, hashed: ReadonlyMap<string, HashedTensor>): string {
    this.#hashed = hashed;
    this.#digest = adaptedDigest(base, adapterDigest(this.#adapter.config.scale, [...hashed.values()]));
    return this.#digest;
  }

  /**
   * What a base is to be visited with, so that `visit` is given the sums.
   * @param hashed takes what the digest needs
   * @param expected what the factors must be
   */
  #applying(
    visit: WeightVisitor | undefined,
    hashed: Map<string, HashedTensor>,
    expected?: ReadonlyMap<string, HashedTensor>,
  ): WeightVisitor {
    let current: { readonly name: string; readonly factors: Factors } | undefined;
    return async (name, info, chunk, offset) => {
      const module = this.#modules.get(name);
      if (module === undefined) {
        await visit?.(name, info, chunk, offset);
        return;
      }
      if (current?.name !== name) {
        // What the last module held must be free before the next one is read.
        current = undefined;
        current = { name, factors: await this.#factors(module, hashed, expected) };
      }
      const sums = this.#apply(name, info.dtype, chunk, offset, current.factors);
      await visit?.(name, { dtype: 'F32', shape: info.shape }, sums, valuesIn(info.dtype, offset) * 4);
    };
  }

  #apply(
    name: string,
    dtype: GgufDType,
    chunk: Uint8Array,
    offset: number,
    factors: Factors,
  ): Uint8Array<ArrayBuffer> {
    const values = decodeWeights(dtype, chunk);
    addLowRank(values, valuesIn(dtype, offset), factors, this.#adapter.config.scale);
    const bytes = new Uint8Array(values.buffer);
    try {
      assertFinite(name, 'F32', bytes);
    } catch (error) {
      throw new ReptraceError(
        'WEIGHTS_NOT_FINITE',
        `Tensor ${quoteName(name)} is beyond float32 once the adapter is added.`,
        'Use an adapter of this very model; this one is damaged, or its training diverged.',
        { cause: error },
      );
    }
    return bytes;
  }

  /** Throws LORA_INVALID where a factor is not what is expected. @param hashed takes what the digest needs */
  async #factors(
    module: AdaptedModule,
    hashed?: Map<string, HashedTensor>,
    expected?: ReadonlyMap<string, HashedTensor>,
  ): Promise<Factors> {
    const read = async (which: 'a' | 'b'): Promise<Float32Array> => {
      const { name, info } = module[which];
      const { values, hash } = await this.#adapter.read(module[which]);
      if ((expected?.get(name)?.hash ?? hash) !== hash) throw changedAdapter(name);
      hashed?.set(name, { name, dtype: info.dtype, shape: info.shape, hash });
      return values;
    };
    const { rank } = this.#adapter.config;
    const [a, b] = [await read('a'), await read('b')];
    return module.transposed
      ? transposedFactors({ a, b, rank, inputs: module.inputs })
      : { a, b, rank, inputs: module.inputs };
  }
}

function changedAdapter(tensor: string): ReptraceError {
  return new ReptraceError(
    'LORA_INVALID',
    `The adapter's tensor ${quoteName(tensor)} was changed while the model was in use.`,
    'Let no other program write to the adapter, and open it again.',
  );
}
