import { copyFile, mkdir, mkdtemp, open, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedPath } from '../../../../../test/shared.ts';
import { modelTensors } from '../model-tensors.ts';
import { openModelFolder } from '../model-folder.ts';
import { requireTokenizer } from '../model-text.ts';
import { openModel } from '../open-model.ts';
import { decodeWeights } from './dequantize.ts';
import { bytesOf, f32, randomBlocks, text, u32, writeGguf, type GgufParts } from './testing.ts';

const STORIES = 'models/stories260K/stories260Ktok512.gguf';
const SMOLLM2 = 'models/smollm2-135m-instruct';

let scratch: string;
let count = 0;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'reptrace-gguf-'));
});
afterAll(() => rm(scratch, { recursive: true }));

async function folderWith(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const dir = join(scratch, String(count++));
  await mkdir(dir);
  for (const [name, content] of Object.entries(files)) await writeFile(join(dir, name), content);
  return dir;
}

type Entries = Readonly<Record<string, number | string>>;

/** Two blocks with grouped queries; matrices in Q8_0, the head in F16, the embedding in BF16, norms in F32. */
function tiny(
  change: Entries = {},
  more: GgufParts['tensors'] = [],
  norms: 'F32' | 'Q8_0' = 'F32',
): Uint8Array {
  const entries: Entries = {
    'general.architecture': 'llama',
    'llama.block_count': 2,
    'llama.context_length': 64,
    'llama.embedding_length': 32,
    'llama.feed_forward_length': 64,
    'llama.attention.head_count': 4,
    'llama.attention.head_count_kv': 2,
    'llama.rope.dimension_count': 8,
    'llama.attention.layer_norm_rms_epsilon': 1e-5,
    ...change,
  };
  const types = { F32: 0, F16: 1, Q8_0: 8, BF16: 30 } as const;
  const tensor = (name: string, sizes: number[], dtype: keyof typeof types): (typeof more)[number] => {
    const values = sizes.reduce((product, size) => product * size, 1);
    const data =
      dtype === 'Q8_0'
        ? randomBlocks(dtype, values / 32, name.length)
        : new Uint8Array(bytesOf(dtype, values));
    return { name, sizes, type: types[dtype], data };
  };
  const tensors = [tensor('token_embd.weight', [32, 20], 'BF16'), tensor('output_norm.weight', [32], 'F32')];
  for (let block = 0; block < 2; block++) {
    for (const [part, ...sizes] of [
      ['attn_q', 32, 32],
      ['attn_k', 32, 16],
      ['attn_v', 32, 16],
      ['attn_output', 32, 32],
      ['ffn_gate', 32, 64],
      ['ffn_up', 32, 64],
      ['ffn_down', 64, 32],
    ] as [string, number, number][]) {
      tensors.push(tensor(`blk.${block}.${part}.weight`, sizes, 'Q8_0'));
    }
    for (const part of ['attn_norm', 'ffn_norm'])
      tensors.push(tensor(`blk.${block}.${part}.weight`, [32], norms));
  }
  return writeGguf({
    metadata: Object.entries(entries).map(([key, value]) => {
      if (typeof value === 'string') return { key, as: 8, value: text(value) };
      return Number.isInteger(value) ? { key, as: 4, value: u32(value) } : { key, as: 6, value: f32(value) };
    }),
    tensors: [...tensors, ...more],
  });
}

function vector(name: string, values: readonly number[]): NonNullable<GgufParts['tensors']>[number] {
  return { name, sizes: [values.length], type: 0, data: Buffer.concat(values.map(f32)) };
}

/** The config.json of the same model. */
const BESIDE = {
  model_type: 'llama',
  ...{ vocab_size: 20, hidden_size: 32, intermediate_size: 64, num_hidden_layers: 2, num_attention_heads: 4 },
  ...{ num_key_value_heads: 2, max_position_embeddings: 512, rms_norm_eps: 1e-5, tie_word_embeddings: true },
};

describe('openModel', () => {
  it('gives a GGUF file’s tensors under the names, shapes and values of the Hugging Face folder', async () => {
    const gguf = await openModel(sharedPath(STORIES));
    const folder = await openModelFolder(sharedPath('models/stories260K/hf'));
    const { ropeTheta, normEps, kvHeads, headDim, tieEmbeddings, maxPositions } = gguf.config;
    expect({ ropeTheta, normEps, kvHeads, headDim }).toEqual({
      ...{ ropeTheta: 10_000, normEps: 1e-5, kvHeads: 4, headDim: 8 },
    });
    expect({ tieEmbeddings, maxPositions }).toEqual({ tieEmbeddings: false, maxPositions: 128 });
    for (const { name, shape } of modelTensors(folder.config)) {
      expect(gguf.tensors.get(name)).toMatchObject({ dtype: 'F32', shape });
      expect(Buffer.compare(await gguf.readTensor(name), await folder.readTensor(name)), name).toBe(0);
    }
    expect(await gguf.digest()).toMatch(/^[0-9a-f]{64}$/);
    expect(requireTokenizer(gguf)).toMatchObject({ bosId: 1, eosId: 2 });
  });

  it('chooses by what a folder holds: safetensors first, one GGUF file, and asks when there are several', async () => {
    const dir = await folderWith({ 'a.gguf': tiny() });
    expect((await openModel(dir)).tensors.size).toBe(20);
    await writeFile(join(dir, 'b.gguf'), tiny());
    await expect(openModel(dir)).rejects.toThrow(/2 GGUF files/);
    expect((await openModel(join(dir, 'b.gguf'))).config.layers).toBe(2);
    await writeFile(join(dir, 'model.safetensors'), '');
    await expect(openModel(dir)).rejects.toThrow(/config\.json is missing/);
    await expect(openModel(join(scratch, 'nowhere.gguf'))).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    await expect(openModel(join(scratch, 'nowhere'))).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    await symlink(sharedPath(STORIES), join(dir, 'link.gguf'));
    await expect(openModel(join(dir, 'link.gguf'))).rejects.toThrow(/leads out of the folder/);
  });

  it('widens quantised tensors and keeps the others as they are stored', async () => {
    const model = await openModel(await folderWith({ 'm.gguf': tiny() }));
    const dtype = (name: string): unknown => model.tensors.get(name)?.dtype;
    expect(dtype('model.embed_tokens.weight')).toBe('BF16');
    expect(dtype('model.layers.1.self_attn.k_proj.weight')).toBe('F32');
    expect((await model.readTensor('model.layers.1.self_attn.k_proj.weight')).byteLength).toBe(16 * 32 * 4);
    await model.loadWeights((name, info, chunk, offset) => {
      expect(offset, name).toBe(0);
      expect(decodeWeights(info.dtype, chunk).length).toBe(info.shape.reduce((a, b) => a * b, 1));
    });
  });

  it('keeps quantised matrices when asked: the same values in the same order, and the same digest', async () => {
    const dir = await folderWith({ 'm.gguf': tiny({}, [], 'Q8_0') });
    const [kept, widened] = [await openModel(dir, { quantized: 'keep' }), await openModel(dir)];
    const dtype = (name: string): unknown => kept.tensors.get(`model.${name}.weight`)?.dtype;
    expect(dtype('embed_tokens')).toBe('BF16');
    expect(dtype('layers.1.self_attn.k_proj')).toBe('Q8_0');
    // Vectors are widened, whatever they are stored as.
    expect(dtype('layers.1.input_layernorm')).toBe('F32');
    const seen: string[] = [];
    await kept.loadWeights((name, info) => {
      expect(info.dtype).toBe(kept.tensors.get(name)?.dtype);
      seen.push(name);
    });
    expect(seen).toEqual([...widened.tensors.keys()].sort());
    for (const [name, info] of kept.tensors) {
      const bytes = await kept.readTensor(name);
      const values = decodeWeights(widened.tensors.get(name)?.dtype ?? 'F32', await widened.readTensor(name));
      expect(decodeWeights(info.dtype, bytes), name).toEqual(values);
    }
    expect(await kept.digest()).toBe(await widened.digest());
  });

  it.each<[string, Entries, RegExp]>([
    ['another architecture', { 'general.architecture': 'mamba' }, /general.architecture "mamba" is not impl/],
    ['experts', { 'llama.expert_count': 8 }, /"llama.expert_count" 8 is not implemented/],
    ['an unknown key', { 'llama.logit_scale': 0.25 }, /"llama.logit_scale" 0.25 is not implemented/],
    ['longrope', { 'llama.rope.scaling.type': 'longrope' }, /"longrope" is not implemented/],
    [
      'a rotary part of a head',
      { 'llama.rope.dimension_count': 4, 'llama.attention.key_length': 8 },
      /beside heads/,
    ],
    ['a part of a split model', { 'split.count': 3 }, /split into 3 files/],
    ['a number as text', { 'llama.block_count': 'two' }, /llama.block_count "two"/],
    ['2^32 - 1 blocks', { 'llama.block_count': 0xffffffff }, /num_hidden_layers is 4294967295, outside/],
    ['another vocabulary', { 'llama.vocab_size': 21 }, /"model.embed_tokens.weight" has shape \[20, 32\]/],
    ['other heads', { 'llama.attention.head_count_kv': 4 }, /k_proj/],
  ])('refuses %s by name', async (_what, change, message) => {
    await expect(openModel(await folderWith({ 'm.gguf': tiny(change) }))).rejects.toThrow(message);
  });

  it('reads linear rotary scaling, special tokens, and no token as none', async () => {
    const entries = {
      'llama.rope.scaling.type': 'linear',
      'llama.rope.scaling.factor': 2.5,
      'llama.rope.freq_base': 500000.5,
      'tokenizer.ggml.bos_token_id': 0xffffffff,
      'tokenizer.ggml.eos_token_id': 3,
      'tokenizer.ggml.eot_token_id': 4,
    };
    const { config } = await openModel(await folderWith({ 'm.gguf': tiny(entries) }));
    expect(config).toMatchObject({
      ...{
        ropeScaling: { kind: 'linear', factor: 2.5 },
        ropeTheta: 500000.5,
        bosTokenId: null,
        eosTokenIds: [3, 4],
      },
    });
  });

  it('holds a config.json beside the file against it, and takes context and tokens from there', async () => {
    const open = async (change: object): ReturnType<typeof openModel> =>
      openModel(
        await folderWith({ 'm.gguf': tiny(), 'config.json': JSON.stringify({ ...BESIDE, ...change }) }),
      );
    expect((await open({ eos_token_id: 7 })).config).toMatchObject({ maxPositions: 512, eosTokenIds: [7] });
    await expect(open({ rms_norm_eps: 1e-6 })).rejects.toThrow(
      /contradict.*normEps 0.00001 against 0.000001/,
    );
    await expect(open({ rope_theta: 20_000 })).rejects.toThrow(/ropeTheta/);
    await expect(open({ tie_word_embeddings: false })).rejects.toThrow(/tied head/);
    await expect(open({ rope_scaling: { type: 'linear', factor: 2 } })).rejects.toThrow(/rotary scaling/);
    const llama3 = {
      ...{ rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4 },
      original_max_position_embeddings: 4,
    };
    await expect(open({ rope_scaling: llama3 })).rejects.toThrow(/no rotary factors/);
  });

  it('takes rotary factors only where config.json says what they are', async () => {
    const scaling = {
      ...{ rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4 },
      original_max_position_embeddings: 64,
    };
    // By hand: 64 positions make 10.2 turns of frequency 1, 1.02 of 0.1, 0.1 and 0.01 of the others.
    const turns = (64 * 0.1) / (2 * Math.PI);
    const blend = (turns - 1) / 3;
    const factors = vector('rope_freqs.weight', [1, 1 / ((1 - blend) / 8 + blend), 8, 8]);
    const config = JSON.stringify({ ...BESIDE, rope_scaling: scaling });
    const model = await openModel(await folderWith({ 'm.gguf': tiny({}, [factors]), 'config.json': config }));
    expect(model.config.ropeScaling.kind).toBe('llama3');
    await expect(openModel(await folderWith({ 'm.gguf': tiny({}, [factors]) }))).rejects.toThrow(
      /rope_freqs/,
    );
    const other = vector('rope_freqs.weight', [1, 2, 8, 8]);
    const folder = await folderWith({ 'm.gguf': tiny({}, [other]), 'config.json': config });
    await expect(openModel(folder)).rejects.toThrow(/rope_freqs/);
    const none = vector('rope_freqs.weight', [1, 1, 1, 1]);
    expect((await openModel(await folderWith({ 'm.gguf': tiny({}, [none]) }))).config.ropeScaling.kind).toBe(
      'none',
    );
  });

  it('refuses a tensor without a place, a missing one, and a NaN by the tensor’s name', async () => {
    const extra = await folderWith({
      'm.gguf': tiny({}, [vector('blk.0.attn_q_norm.weight', [1, 1, 1, 1])]),
    });
    await expect(openModel(extra)).rejects.toThrow(/"blk.0.attn_q_norm.weight".*no place/);
    await expect(openModel(await folderWith({ 'm.gguf': tiny({ 'llama.block_count': 3 }) }))).rejects.toThrow(
      /"model.layers.2.*is missing/,
    );
    const bytes = tiny();
    // The last block of ffn_down of block 1 lies before its norms: its scale becomes a NaN.
    bytes.set([0xff, 0x7f], bytes.byteLength - 2 * 128 - 34 - (-(64 * 34) & 31));
    const dir = await folderWith({ 'm.gguf': bytes });
    for (const quantized of ['keep', 'widen'] as const) {
      const model = await openModel(dir, { quantized });
      await expect(model.loadWeights(() => undefined)).rejects.toMatchObject({
        code: 'WEIGHTS_NOT_FINITE',
        message: expect.stringContaining('blk.1.ffn_down.weight') as string,
      });
    }
  });

  it('has a digest that any stored bit, the tokenizer and the config change, but not the file’s name', async () => {
    const bytes = tiny();
    const digest = async (files: Record<string, string | Uint8Array>): Promise<string> =>
      (await openModel(await folderWith(files))).digest();
    const first = await digest({ 'm.gguf': bytes });
    expect(await digest({ 'other.gguf': bytes })).toBe(first);
    const flipped = Uint8Array.from(bytes);
    flipped[bytes.byteLength - 1] ^= 1;
    const others = [
      await digest({ 'm.gguf': flipped }),
      await digest({ 'm.gguf': tiny({ 'llama.context_length': 65 }) }),
      await digest({ 'm.gguf': bytes, 'tokenizer_config.json': '{}' }),
    ];
    expect(new Set([first, ...others]).size).toBe(4);
  });

  it('notices a file that becomes shorter while it is in use', async () => {
    const path = join(await folderWith({}), 'm.gguf');
    await copyFile(sharedPath(STORIES), path);
    const model = await openModel(path);
    const file = await open(path, 'r+');
    await file.truncate(1_000_000);
    await file.close();
    await expect(model.loadWeights()).rejects.toThrow(/was changed/);
  });

  it.each(['keep', 'widen'] as const)(
    'streams a large file (%s): memory stays far below its size',
    async (quantized) => {
      const model = await openModel(sharedPath(SMOLLM2), { quantized });
      expect(model.config).toMatchObject({ tieEmbeddings: true, maxPositions: 8192, ropeTheta: 100_000 });
      expect(model.template).not.toBeNull();
      let most = 0;
      const before = process.memoryUsage().arrayBuffers;
      await model.loadWeights((_name, _info, chunk) => {
        expect(chunk.byteLength).toBeLessThanOrEqual(1 << 23);
        most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      });
      expect(most).toBeLessThan(64 << 20);
    },
  );

  it('does not read the weights when it opens', async () => {
    const path = join(await folderWith({}), 'm.gguf');
    const bytes = await readFile(sharedPath(STORIES));
    bytes.fill(0xff, bytes.byteLength - 4096);
    await writeFile(path, bytes);
    await expect((await openModel(path)).loadWeights()).rejects.toMatchObject({ code: 'WEIGHTS_NOT_FINITE' });
  });
});
