/**
 * Weights larger than the device: two places for blocks, each filled with the block that is asked for, the next one being
 * read while the GPU works on this one. Embedding and head stay on the device, or, where that leaves no room, are read in parts
 * whenever they are used, and give their place to the blocks again.
 *
 * The queue does what it is given in order, so a place may be overwritten as soon as the kernels that read it are sent.
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import type { GpuPort } from '../device/gpu.ts';
import type { Recorder } from '../device/recorder.ts';
import { assembleBlock, assembleEnds, assembleOuter, assembleVocabulary, specsByLayer } from './assemble.ts';
import type { TensorSpec } from './families/family.ts';
import type { ModelConfig } from './model-config.ts';
import type { ModelSource, ValueRange, WeightReader, WeightVisitor } from './model-source.ts';
import type { WeightStore } from './weight-store.ts';
import { WeightUpload } from './weight-upload.ts';
import {
  CHUNK_IDS,
  type BlockWeights,
  type EndWeights,
  type OuterWeights,
  type VocabularyPart,
} from './weights.ts';

export interface Streaming {
  /** In how many parts embedding and head are read whenever they are used; 0: they stay on the device. */
  readonly vocabularyParts: number;
}

export interface StreamingOptions extends Streaming {
  /** Largest binding, in bytes. */
  readonly bindingLimit: number;
}

/** A place on the device. */
interface Place {
  /** What is there, or on its way. */
  layer: number | undefined;
  weights: Promise<BlockWeights> | undefined;
  buffers: readonly GPUBuffer[];
}

/** Some rows of the embedding or the head, while they are used. */
interface Visitor {
  readonly key: string;
  readonly weights: Promise<VocabularyPart>;
  readonly buffers: readonly GPUBuffer[];
}

export class StreamedWeights implements WeightStore {
  readonly streamed = true;
  readonly #gpu: GpuPort;
  readonly #source: Pick<ModelSource, 'config' | 'tensors'>;
  readonly #reader: WeightReader;
  readonly #limit: number;
  readonly #specs: ReadonlyMap<number | null, readonly TensorSpec[]>;
  readonly #places: readonly [Place, Place] = [emptyPlace(), emptyPlace()];
  /** The place that was given last: kernels that read it are perhaps not recorded yet. */
  #current: Place | undefined;
  #visitor: Visitor | undefined;
  readonly ends: EndWeights;
  readonly vocabularyParts: number;
  readonly #partRows: number;
  readonly #kept: WeightUpload;
  readonly #vocabulary: OuterWeights | undefined;
  /** One reads at a time: the reader has one buffer. */
  #reading: Promise<unknown> = Promise.resolve();
  readonly #closing = new AbortController();

  /** What stays on the device has its buffers now, and its values once `writeKept` has seen all of them. */
  constructor(
    gpu: GpuPort,
    source: Pick<ModelSource, 'config' | 'tensors'>,
    reader: WeightReader,
    { vocabularyParts: parts, bindingLimit }: StreamingOptions,
  ) {
    this.#gpu = gpu;
    this.#source = source;
    this.#reader = reader;
    this.#limit = bindingLimit;
    this.#specs = specsByLayer(source.config);
    this.#kept = this.#upload();
    const outer = this.#specsOf(null);
    this.#vocabulary = parts === 0 ? assembleOuter(source.config, outer, this.#kept) : undefined;
    this.ends = this.#vocabulary ?? assembleEnds(outer, this.#kept);
    this.#partRows = partRows(source.config, parts);
    this.vocabularyParts = Math.ceil(source.config.vocabSize / this.#partRows);
  }

  /** Takes parts of tensors as ModelSource gives them; those that do not stay are passed over. */
  readonly writeKept: WeightVisitor = (name, { dtype }, chunk, offset) => {
    this.#kept.write(name, dtype, chunk, offset);
  };

  get bytes(): number {
    const buffers = [
      ...this.#places.flatMap((place) => place.buffers),
      ...(this.#visitor?.buffers ?? []),
      ...this.#kept.buffers,
    ];
    return buffers.reduce((sum, { size }) => sum + size, 0);
  }

  embedding(recorder: Recorder, part: number): VocabularyPart | Promise<VocabularyPart> {
    if (this.#vocabulary !== undefined) return { projection: this.#vocabulary.embedding, firstId: 0 };
    return this.#visit(recorder, 'embedding', part);
  }

  head(recorder: Recorder, part: number): VocabularyPart | Promise<VocabularyPart> {
    if (this.#vocabulary !== undefined) return { projection: this.#vocabulary.head, firstId: 0 };
    return this.#visit(recorder, this.#source.config.tieEmbeddings ? 'embedding' : 'head', part);
  }

  /** Throws what reading throws, WEIGHTS_INVALID where a file has changed, CANCELLED once closed. */
  async block(recorder: Recorder, layer: number, next?: number): Promise<BlockWeights> {
    await this.#dismissVisitor(recorder);
    const place = this.#placeOf(layer) ?? this.#fill(recorder, layer);
    this.#current = place;
    try {
      const weights = await place.weights;
      if (weights === undefined) throw new Error(`nothing reads block ${layer}`);
      if (next !== undefined && this.#placeOf(next) === undefined) this.#fill(recorder, next);
      return weights;
    } catch (error) {
      // So that it is tried again when it is asked for again.
      if (place.layer === layer) [place.layer, place.weights] = [undefined, undefined];
      throw error;
    }
  }

  close(): void {
    this.#closing.abort();
    for (const place of this.#places) destroy(place.buffers);
    destroy(this.#visitor?.buffers ?? []);
    destroy(this.#kept.buffers);
    // What is being read stops at its next part.
    void this.#reading.catch(() => undefined).then(() => this.#reader.close());
  }

  #placeOf(layer: number): Place | undefined {
    return this.#places.find((place) => place.layer === layer);
  }

  /** Begins to read a block into the place that was not given last. */
  #fill(recorder: Recorder, layer: number): Place {
    const [first, second] = this.#places;
    const place = this.#current === first ? second : first;
    // Kernels that read what was there may still be unsent.
    recorder.submit();
    place.layer = layer;
    place.weights = this.#inTurn(async () => {
      const upload = this.#upload(place.buffers);
      const specs = this.#specsOf(layer);
      const weights = assembleBlock(this.#source.config, layer, specs, upload);
      place.buffers = [...upload.buffers, ...place.buffers.slice(upload.buffers.length)];
      await this.#read(
        specs.map(({ name }) => name),
        upload,
      );
      return weights;
    });
    // Whoever asks for the block is told.
    place.weights.catch(() => undefined);
    return place;
  }

  async #visit(recorder: Recorder, which: 'embedding' | 'head', part: number): Promise<VocabularyPart> {
    const key = `${which} ${part}`;
    if (this.#visitor?.key === key) return this.#visitor.weights;
    await this.#emptyPlaces(recorder);
    // Kernels that read the rows before these may still be unsent.
    recorder.submit();
    const specs = this.#specsOf(null);
    const first = part * this.#partRows;
    const rows = { first, count: Math.min(this.#partRows, this.#source.config.vocabSize - first) };
    const old = this.#visitor?.buffers ?? [];
    const upload = this.#upload(old);
    const weights = assembleVocabulary(specs, upload, which, rows);
    const names = specs.flatMap((spec) => (spec.part === which && spec.kind === 'weight' ? [spec.name] : []));
    const { inputs } = weights.projection;
    const range = { first: rows.first * inputs, count: rows.count * inputs };
    const reading = this.#inTurn(async () => {
      await this.#read(names, upload, range);
      return weights;
    });
    const buffers = [...upload.buffers, ...old.slice(upload.buffers.length)];
    this.#visitor = { key, weights: reading, buffers };
    try {
      return await reading;
    } catch (error) {
      // So that it is read again when it is asked for again.
      this.#visitor = { key: '', weights: reading, buffers };
      throw error;
    }
  }

  /** Frees what was read for one use. */
  async #dismissVisitor(recorder: Recorder): Promise<void> {
    const visitor = this.#visitor;
    if (visitor === undefined) return;
    recorder.submit();
    await this.#gpu.idle();
    destroy(visitor.buffers);
    this.#visitor = undefined;
  }

  async #emptyPlaces(recorder: Recorder): Promise<void> {
    if (this.#places.every(({ buffers }) => buffers.length === 0)) return;
    await this.#reading.catch(() => undefined);
    recorder.submit();
    await this.#gpu.idle();
    this.#current = undefined;
    for (const place of this.#places) {
      destroy(place.buffers);
      [place.layer, place.weights, place.buffers] = [undefined, undefined, []];
    }
  }

  async #read(names: readonly string[], upload: WeightUpload, range?: ValueRange): Promise<void> {
    const { signal } = this.#closing;
    const visit: WeightVisitor = (name, { dtype }, chunk, offset) => {
      // A buffer of a closed model is destroyed: writing to it would count as a defect of the device.
      if (signal.aborted) throw closed();
      upload.write(name, dtype, chunk, offset);
    };
    await this.#reader.read(names, visit, range);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#reading
      .catch(() => undefined)
      .then(() => {
        // Nobody would free what is made from now on.
        if (this.#closing.signal.aborted) throw closed();
        return work();
      });
    this.#reading = turn;
    turn.catch(() => undefined);
    return turn;
  }

  #upload(old?: readonly GPUBuffer[]): WeightUpload {
    return new WeightUpload(this.#gpu, this.#source, this.#source.config, this.#limit, old);
  }

  #specsOf(layer: number | null): readonly TensorSpec[] {
    return this.#specs.get(layer) ?? [];
  }
}

/** Rows of a part of the vocabulary: whole chunks, so that every part begins with one. */
function partRows({ vocabSize }: ModelConfig, parts: number): number {
  return parts === 0 ? vocabSize : Math.ceil(vocabSize / parts / CHUNK_IDS) * CHUNK_IDS;
}

function emptyPlace(): Place {
  return { layer: undefined, weights: undefined, buffers: [] };
}

function destroy(buffers: readonly GPUBuffer[]): void {
  for (const buffer of buffers) buffer.destroy();
}

function closed(): ReptraceError {
  return new ReptraceError('CANCELLED', 'the model was closed while its weights were read', 'Load it again.');
}
