/**
 * A GGUF file as a model: opening reads its header and the text files beside it; the weights are then read in chunks,
 * hashed as stored, dequantised to float32 where they are quantised and not to stay so, brought into Hugging Face's order,
 * and checked for NaNs. Never more than a chunk is held, but of matrices that are turned.
 */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { ReptraceError } from '../../../../../lib/errors.ts';
import type { Fields } from '../config-fields.ts';
import { assertFinite } from '../dtype.ts';
import { fileStamp } from '../file-stamp.ts';
import { openFile, readInto, type Folder } from '../folder-files.ts';
import type { ModelConfig } from '../model-config.ts';
import { matchTensors } from '../model-tensors.ts';
import { modelDigest, type HashedTensor } from '../model-digest.ts';
import type {
  LoadWeightsOptions,
  ModelSource,
  ValueRange,
  WeightReader,
  WeightVisitor,
} from '../model-source.ts';
import { readConfig, type ModelText, type TextFiles } from '../model-text.ts';
import { quoteName } from '../safetensors.ts';
import type { ChatTemplate } from '../template.ts';
import type { ModelTokenizer } from '../tokenizer.ts';
import { settleConfig } from './config-beside.ts';
import { dequantize } from './dequantize.ts';
import { architectureOf, ggufConfig } from './gguf-config.ts';
import { ggufInvalid } from './gguf-cursor.ts';
import { readGgufFile, type GgufFile } from './gguf-file.ts';
import type { GgufTensor } from './gguf-header.ts';
import { readGgufText } from './gguf-text.ts';
import { huggingFaceName, ROPE_FACTORS } from './gguf-names.ts';
import { bytesFor, isQuantType, valuesIn, type GgufDType } from './gguf-types.ts';
import { givenDType, givenShape, readingPlan, type Layout } from './layouts.ts';
import { assertFiniteBlocks } from './quantized-blocks.ts';

type OpenedFile = Pick<GgufFile, 'folder' | 'name' | 'size'>;

/** A tensor of the model: `stored` as the file has it, the rest as the model gets it. */
interface ModelTensor {
  readonly stored: GgufTensor;
  readonly dtype: GgufDType;
  readonly shape: readonly number[];
  readonly layout: Layout;
}

/** Whether quantised matrices are given as they are stored, where they can be, or as float32. Vectors are always widened. */
export type QuantizedWeights = 'keep' | 'widen';

/** Opens the GGUF file `name` of `folder` and checks everything but the weights' values. */
export async function openGgufModel(
  folder: Folder,
  name: string,
  quantized: QuantizedWeights,
): Promise<GgufModel> {
  const file = await readGgufFile(folder, name);
  const architecture = architectureOf(name, file);
  const own = ggufConfig(name, file, architecture);
  const factors = await readRopeFactors(file);
  const config = settleConfig(name, own.config, await readConfig(folder), factors);
  const found = new Map<string, ModelTensor>();
  for (const [tensor, stored] of file.tensors) {
    if (tensor === ROPE_FACTORS) continue;
    const target = huggingFaceName(name, architecture, tensor);
    const layout = architecture.layout(target);
    const dtype = givenDType(layout, stored.dtype, quantized === 'keep' && stored.shape.length === 2);
    found.set(target, { stored, dtype, shape: givenShape(layout, stored.shape), layout });
  }
  const tensors = matchTensors(config, found);
  const { text, files } = await readGgufText(folder, name, file, config);
  // Without the metadata: a vocabulary takes some 20 MB.
  return new GgufModel({ folder, name, size: file.size }, text, files, tensors, own.json);
}

export class GgufModel implements ModelSource {
  /** Of the folder that the file lies in. */
  readonly path: string;
  readonly config: ModelConfig;
  readonly tokenizer: ModelTokenizer | null;
  readonly template: ChatTemplate | null;
  readonly tensors: ReadonlyMap<string, ModelTensor>;
  readonly configJson: Fields;
  readonly tokenizerDigest: string | null;
  readonly #file: OpenedFile;
  readonly textFiles: TextFiles;
  #digest: string | undefined;

  /** Use openGgufModel. */
  constructor(
    file: OpenedFile,
    text: ModelText,
    files: TextFiles,
    tensors: ReadonlyMap<string, ModelTensor>,
    configJson: Fields,
  ) {
    this.path = text.path;
    this.configJson = configJson;
    this.config = text.config;
    this.tokenizer = text.tokenizer;
    this.template = text.template;
    this.tensors = tensors;
    const json = files['tokenizer.json'];
    this.tokenizerDigest = json === null ? null : createHash('sha256').update(json).digest('hex');
    this.#file = file;
    this.textFiles = files;
  }

  async loadWeights(visit?: WeightVisitor, options: LoadWeightsOptions = {}): Promise<string> {
    const hashed: HashedTensor[] = [];
    const opened = await reopen(this.#file);
    try {
      for (const name of [...this.tensors.keys()].sort()) {
        const tensor = this.#tensor(name);
        const hash = createHash('sha256');
        // Nothing is widened and put in order for nobody.
        const asStored = { ...tensor, dtype: tensor.stored.dtype, layout: 'same' as const };
        const given = visit === undefined ? asStored : tensor;
        for await (const { stored, chunk, offset } of this.#chunks(opened, name, given)) {
          if (options.signal?.aborted === true) throw cancelled(this.#file.name);
          hash.update(stored);
          await visit?.(name, tensor, chunk, offset);
        }
        const dtype = `gguf.${tensor.stored.dtype}` as const;
        hashed.push({ name, dtype, shape: tensor.shape, hash: hash.digest('hex') });
      }
    } finally {
      await opened.close();
    }
    this.#digest = modelDigest(this.config, this.textFiles, hashed);
    return this.#digest;
  }

  async digest(): Promise<string> {
    return this.#digest ?? (await this.loadWeights());
  }

  async openWeights(): Promise<WeightReader> {
    const opened = await reopen(this.#file);
    const stamp = await fileStamp(opened);
    return {
      read: async (names, visit, range) => {
        if ((await fileStamp(opened)) !== stamp) throw changed(this.#file.name);
        for (const name of names) {
          const tensor = this.#tensor(name);
          for await (const { chunk, offset } of this.#chunks(opened, name, tensor, range)) {
            await visit(name, tensor, chunk, offset);
          }
        }
      },
      close: () => opened.close(),
    };
  }

  async readTensor(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const tensor = this.#tensor(name);
    const values = tensor.shape.reduce((product, size) => product * size, 1);
    const bytes = new Uint8Array(bytesFor(tensor.dtype, values));
    const opened = await reopen(this.#file);
    try {
      for await (const { chunk, offset } of this.#chunks(opened, name, tensor)) bytes.set(chunk, offset);
    } finally {
      await opened.close();
    }
    return bytes;
  }

  /**
   * Checked parts of a tensor, each overwritten by the next: as stored, and as the model gets them.
   * @param range only of tensors that keep the file's order
   */
  async *#chunks(
    opened: FileHandle,
    name: string,
    { stored: info, dtype, shape, layout }: ModelTensor,
    range?: ValueRange,
  ): AsyncGenerator<{
    stored: Uint8Array<ArrayBuffer>;
    chunk: Uint8Array<ArrayBuffer>;
    offset: number;
  }> {
    const { step, place, arrange } = readingPlan(name, layout, this.config, shape, dtype);
    const values = valuesIn(info.dtype, info.end - info.begin);
    const end = range === undefined ? values : range.first + range.count;
    const most = Math.min(step, end);
    const stored = new Uint8Array(bytesFor(info.dtype, most));
    const widened = dtype === info.dtype ? undefined : new Float32Array(most);
    const ordered = arrange === undefined ? undefined : new Uint8Array(bytesFor(dtype, most));

    for (let first = range?.first ?? 0; first < end; first += most) {
      const count = Math.min(most, end - first);
      const bytes = stored.subarray(0, bytesFor(info.dtype, count));
      const position = info.begin + bytesFor(info.dtype, first);
      if ((await readInto(opened, bytes, position)) !== bytes.byteLength) throw changed(this.#file.name);
      if (isQuantType(info.dtype)) assertFiniteBlocks(info.name, info.dtype, bytes);
      else assertFinite(info.name, info.dtype, bytes);
      let chunk = bytes;
      if (widened !== undefined) {
        dequantize(info.dtype, bytes, widened.subarray(0, count));
        chunk = new Uint8Array(widened.buffer, 0, count * 4);
      }
      if (ordered !== undefined) {
        const out = ordered.subarray(0, chunk.byteLength);
        arrange?.(chunk, out);
        chunk = out;
      }
      yield { stored: bytes, chunk, offset: bytesFor(dtype, place(first)) };
    }
  }

  #tensor(name: string): ModelTensor {
    const tensor = this.tensors.get(name);
    if (tensor !== undefined) return tensor;
    throw new ReptraceError(
      'WEIGHTS_INVALID',
      `The model in ${JSON.stringify(this.#file.name)} has no tensor ${quoteName(name)}.`,
      'Ask for one of the names that modelTensors lists for its config.',
    );
  }
}

/** llama3's rotary factors, where the file has them: a small vector, whatever the file says. */
async function readRopeFactors(file: GgufFile): Promise<Float32Array | undefined> {
  const info = file.tensors.get(ROPE_FACTORS);
  if (info === undefined) return undefined;
  const bytes = info.end - info.begin;
  if (info.dtype !== 'F32' || bytes > 1 << 16)
    throw ggufInvalid(`has ${ROPE_FACTORS} that are no vector of float32`);
  const factors = new Float32Array(bytes / 4);
  const opened = await reopen(file);
  try {
    if ((await readInto(opened, new Uint8Array(factors.buffer), info.begin)) !== bytes)
      throw changed(file.name);
  } finally {
    await opened.close();
  }
  return factors;
}

async function reopen({ folder, name, size }: OpenedFile): Promise<FileHandle> {
  const opened = await openFile(folder, name);
  if (opened === undefined) throw changed(name);
  if (opened.size === size) return opened.file;
  await opened.file.close();
  throw changed(name);
}

function changed(file: string): ReptraceError {
  return new ReptraceError(
    'WEIGHTS_INVALID',
    `The file ${JSON.stringify(file)} was changed or removed while the model was in use.`,
    'Let no other program write to the model, and open it again.',
  );
}

function cancelled(file: string): ReptraceError {
  return new ReptraceError(
    'CANCELLED',
    `Loading the model ${JSON.stringify(file)} was cancelled.`,
    'Start again when you want the model.',
  );
}
