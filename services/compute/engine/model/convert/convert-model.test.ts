/** Models written as Hugging Face folders, and read again. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sharedPath } from '../../../../../test/shared.ts';
import { decodeFloats } from '../dtype.ts';
import { ConvertedFiles } from '../gguf/architectures/files-testing.ts';
import { convertedParts } from '../gguf/converter-testing.ts';
import { adaptedModel } from '../lora/adapted-model.ts';
import { openAdapter } from '../lora/adapter-folder.ts';
import type { ModelSource } from '../model-source.ts';
import { requireTokenizer } from '../model-text.ts';
import { openModel } from '../open-model.ts';
import { readSafetensors } from '../read-safetensors.ts';
import { writeSafetensors } from '../safetensors-writer.ts';
import { convertModel } from './convert-model.ts';

const LLAMA = 'models/tiny-random/llama';
const FAMILIES = [
  'llama',
  'llama-linear-rope',
  'llama3-rope',
  'mistral',
  'qwen2',
  'qwen3',
  'olmo2',
  'gemma2',
  'phi3',
  'gpt-neox',
  'gpt2',
];

let scratch: string;
let serial = 0;
let parent: string;
let out: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'reptrace-convert-'));
});
beforeEach(async () => {
  parent = join(scratch, String(serial++));
  await mkdir(parent);
  out = join(parent, 'out');
});
afterAll(() => rm(scratch, { recursive: true }));

async function opened(name: string): Promise<ModelSource> {
  return openModel(sharedPath(name));
}

async function expectSameTensors(a: ModelSource, b: ModelSource): Promise<void> {
  expect([...a.tensors.keys()].sort()).toEqual([...b.tensors.keys()].sort());
  for (const [name, { dtype, shape }] of a.tensors) {
    expect(b.tensors.get(name), name).toMatchObject({ dtype, shape });
    expect(Buffer.from(await a.readTensor(name)).equals(await b.readTensor(name)), name).toBe(true);
  }
}

async function json(...path: string[]): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(...path), 'utf8')) as Record<string, unknown>;
}

describe('convertModel', () => {
  it.each(FAMILIES)('%s: as it is, the folder is the same model, by its digest', async (family) => {
    const source = await opened(`models/tiny-random/${family}`);
    const { dtype } = await convertModel(source, { out });
    const written = await openModel(out);
    await expectSameTensors(source, written);
    expect(await written.digest()).toBe(await source.digest());
    const names = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };
    expect(await json(out, 'config.json')).toMatchObject({ torch_dtype: names[dtype] });
  });

  it('gives of a GGUF file alone the tensors of the folder that it was made of, and a config', async () => {
    const gguf = await opened('models/stories260K/stories260Ktok512.gguf');
    const folder = await opened('models/stories260K/hf');
    const result = await convertModel(gguf, { out });
    const written = await openModel(out);
    await expectSameTensors(gguf, written);
    for (const name of folder.tensors.keys())
      expect(await written.readTensor(name), name).toEqual(await folder.readTensor(name));
    // The file has a copy of the embedding for a head.
    expect(result).toMatchObject({ dtype: 'F32', tensors: folder.tensors.size + 1, hasTokenizer: true });
    expect(written.config).toEqual({ ...gguf.config, dtype: 'F32' });
    const text = 'Once upon a time, Zoë said: 3 < 4.';
    expect(requireTokenizer(written).encode(text)).toEqual(requireTokenizer(folder).encode(text));
  });

  it.each([...FAMILIES, 'qwen2-yarn'])(
    'of a GGUF file of %s alone makes a config that computes the same',
    async (name) => {
      const files = await ConvertedFiles.make();
      try {
        // Without the rotary factors of a context that no published model has.
        const { tensors = [], ...rest } = await convertedParts(
          sharedPath(`models/tiny-random/${name}`),
          'F32',
        );
        const parts = { ...rest, tensors: tensors.filter((tensor) => tensor.name !== 'rope_freqs.weight') };
        const gguf = await files.opened(parts);
        await convertModel(gguf, { out });
        const written = await openModel(out);
        expect(written.config).toEqual({ ...gguf.config, dtype: 'F32' });
        await expectSameTensors(gguf, written);
      } finally {
        await files.remove();
      }
    },
  );

  it('takes config, tokenizer and template from beside a GGUF file', async () => {
    const folder = join(parent, 'gguf');
    await mkdir(folder);
    await cp(sharedPath('models/stories260K/stories260Ktok512.gguf'), join(folder, 'a.gguf'));
    for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json'])
      await cp(join(sharedPath('models/stories260K/hf'), name), join(folder, name));
    await writeFile(join(folder, 'generation_config.json'), '{"temperature":1}');
    expect(await convertModel(await openModel(folder), { out })).toMatchObject({ hasTokenizer: true });
    const written = await openModel(out);
    const hf = await opened('models/stories260K/hf');
    expect(written.tokenizerDigest).toBe(hf.tokenizerDigest);
    expect(written.config).toEqual({ ...hf.config, tieEmbeddings: false });
    expect(await json(out, 'generation_config.json')).toEqual({ temperature: 1 });
  });

  it('cuts files at the bound, with an index that finds every tensor', async () => {
    const source = await opened(LLAMA);
    const { files, bytes } = await convertModel(source, { out, shardBytes: 50_000 });
    const shards = files.filter((name) => name.startsWith('model-'));
    expect(shards.length).toBeGreaterThan(4);
    expect(await readdir(out)).toEqual([...files].sort());
    const index = (await json(out, 'model.safetensors.index.json')) as {
      metadata: { total_size: number };
      weight_map: Record<string, string>;
    };
    expect(index.metadata.total_size).toBe(bytes);
    expect(Object.keys(index.weight_map).sort()).toEqual([...source.tensors.keys()].sort());
    await expectSameTensors(source, await openModel(out));
  });

  it.each([
    ['llama3-rope', 'adapter-qv'],
    ['llama3-rope', 'adapter-all'],
    ['qwen2', 'adapter-qv'],
    ['qwen2', 'adapter-all'],
  ])('%s with %s: gives W + scale·B·A, summed in float64', async (model, name) => {
    const base = await opened(`models/tiny-random/${model}`);
    const dir = sharedPath(`models/tiny-random/${model}/${name}`);
    const config = await json(dir, 'adapter_config.json');
    const factors = await readSafetensors(join(dir, 'adapter_model.safetensors'));
    await convertModel(adaptedModel(base, await openAdapter(dir)), { out });
    const written = await openModel(out);
    const rank = Number(config['r']);
    const scale = Number(config['lora_alpha']) / (config['use_rslora'] === true ? Math.sqrt(rank) : rank);
    const values = (key: string): Float32Array | undefined => {
      const found = factors.get(key);
      return found === undefined ? undefined : decodeFloats(found.dtype, found.bytes);
    };
    let merged = 0;
    for (const [tensor, { dtype, shape }] of base.tensors) {
      if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16') throw new Error(`${tensor} is ${dtype}`);
      const plain = decodeFloats(dtype, await base.readTensor(tensor));
      const module = `base_model.model.${tensor.replace(/\.weight$/, '')}`;
      const [a, b] = [values(`${module}.lora_A.weight`), values(`${module}.lora_B.weight`)];
      if (a !== undefined && b !== undefined) {
        merged++;
        const columns = shape[1];
        for (let at = 0; at < plain.length; at++) {
          const [row, column] = [Math.floor(at / columns), at % columns];
          let product = 0;
          for (let r = 0; r < rank; r++) product += b[row * rank + r] * a[r * columns + column];
          plain[at] += scale * product;
        }
      }
      expect(decodeFloats('F32', await written.readTensor(tensor)), tensor).toEqual(plain);
    }
    expect(merged * 2).toBe(factors.size);
    expect(await json(out, 'config.json')).toMatchObject({ torch_dtype: 'float32' });
  });
});

/** A copy of the tiny Llama whose final norm has these values. */
async function withNorm(values: readonly number[]): Promise<ModelSource> {
  const folder = join(parent, 'changed');
  const tensors = await readSafetensors(join(sharedPath(LLAMA), 'model.safetensors'));
  await mkdir(folder);
  await cp(join(sharedPath(LLAMA), 'config.json'), join(folder, 'config.json'));
  const list = [...tensors].map(([name, { dtype, shape, bytes }]) => {
    const data = decodeFloats(dtype, bytes);
    if (name === 'model.norm.weight') data.set(values);
    return { name, dtype: 'F32' as const, shape, data };
  });
  await writeSafetensors(join(folder, 'model.safetensors'), list);
  return openModel(folder);
}

async function writtenNorm(): Promise<number[]> {
  const written = await openModel(out);
  const { dtype } = written.tensors.get('model.norm.weight') ?? {};
  if (dtype !== 'F16' && dtype !== 'BF16') throw new Error(`the norm is ${String(dtype)}`);
  return [...decodeFloats(dtype, await written.readTensor('model.norm.weight'))];
}

describe('another precision', () => {
  it('f16 is rounded to nearest, ties to even, down to the smallest and up to the largest', async () => {
    const source = await withNorm([
      1 + 2 ** -11,
      1 + 3 * 2 ** -11,
      1 + 2 ** -11 + 2 ** -23,
      65519,
      2 ** -25,
      3 * 2 ** -26,
    ]);
    expect(await convertModel(source, { out, dtype: 'F16' })).toMatchObject({ dtype: 'F16' });
    const expected = [1, 1 + 2 ** -9, 1 + 2 ** -10, 65504, 0, 2 ** -24];
    expect((await writtenNorm()).slice(0, 6)).toEqual(expected);
    expect(await json(out, 'config.json')).toMatchObject({ torch_dtype: 'float16' });
  });

  it('bf16 likewise', async () => {
    await convertModel(await withNorm([1 + 2 ** -8, 1 + 3 * 2 ** -8, 70000]), { out, dtype: 'BF16' });
    expect((await writtenNorm()).slice(0, 3)).toEqual([1, 1 + 2 ** -6, 70144]);
  });

  it('a weight beyond it is an error that names tensor and value, and leaves nothing', async () => {
    const source = await withNorm([1, -65520]);
    await expect(convertModel(source, { out, dtype: 'F16' })).rejects.toMatchObject({
      code: 'WEIGHTS_NOT_FINITE',
      message: expect.stringMatching(/model\.norm\.weight.*-65520.*float16/) as string,
    });
    expect(await readdir(parent)).toEqual(['changed']);
    await expect(convertModel(await withNorm2(3.4e38), { out, dtype: 'BF16' })).rejects.toMatchObject({
      message: expect.stringContaining('bfloat16') as string,
    });
  });

  async function withNorm2(value: number): Promise<ModelSource> {
    await rm(join(parent, 'changed'), { recursive: true });
    return withNorm([value]);
  }
});

describe('the output folder', () => {
  it('may be there when it is empty, and is refused when it is not, or is a file', async () => {
    const source = await opened(LLAMA);
    await mkdir(out);
    await convertModel(source, { out });
    expect(await readdir(parent)).toEqual(['out']);
    await expect(convertModel(source, { out })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(convertModel(source, { out: join(out, 'config.json') })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
    });
  });

  it('does not come to be when the work is interrupted', async () => {
    const stop = new AbortController();
    const onProgress = (done: number): void => {
      if (done > 0) stop.abort();
    };
    const work = convertModel(await opened(LLAMA), { out, signal: stop.signal, onProgress });
    await expect(work).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await readdir(parent)).toEqual([]);
  });
});
