import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { factors, writeAdapter, type AdapterTensors } from '../../../../../test/adapters.ts';
import { sharedPath } from '../../../../../test/shared.ts';
import { decodeFloats } from '../dtype.ts';
import { openModelFolder } from '../model-folder.ts';
import type { ModelSource } from '../model-source.ts';
import { openModel } from '../open-model.ts';
import { adaptedModel } from './adapted-model.ts';
import { openAdapter } from './adapter-folder.ts';

const Q = 'model.layers.0.self_attn.q_proj';
let base: ModelSource;
let scratch: string;
let dir: string;
let serial = 0;

beforeAll(async () => {
  base = await openModelFolder(sharedPath('models/tiny-random/llama3-rope'));
  scratch = await mkdtemp(join(tmpdir(), 'reptrace-lora-'));
});
beforeEach(() => {
  dir = join(scratch, `${serial++}`);
});
afterAll(() => rm(scratch, { recursive: true }));

/** q_proj of all four blocks: [96, 48]. */
function queries(layers: readonly number[] = [0, 1, 2, 3]): AdapterTensors {
  return Object.assign(
    {},
    ...layers.map((layer) => factors(`model.layers.${layer}.self_attn.q_proj`, 96, 48, 2, layer)),
  ) as AdapterTensors;
}

async function adapted(config: object, tensors: AdapterTensors): Promise<ModelSource> {
  return adaptedModel(base, await openAdapter(await writeAdapter(dir, config, tensors)));
}

async function allWeights(model: ModelSource): Promise<Map<string, Buffer>> {
  const weights = new Map<string, Buffer>();
  await model.loadWeights((name, { dtype, shape }, chunk, offset) => {
    expect({ dtype, shape }).toEqual({
      dtype: model.tensors.get(name)?.dtype,
      shape: model.tensors.get(name)?.shape,
    });
    const before = weights.get(name) ?? Buffer.alloc(0);
    expect(offset).toBe(before.byteLength);
    weights.set(name, Buffer.concat([before, chunk]));
  });
  return weights;
}

describe('a model with an adapter', () => {
  it('gives W + scale·B·A as float32 where adapted, and all else as it is', async () => {
    const tensors = queries();
    const model = await adapted({}, tensors);
    const before = await allWeights(base);
    const after = await allWeights(model);
    expect([...after.keys()]).toEqual([...before.keys()]);
    for (const [name, bytes] of after) {
      expect(Buffer.from(await model.readTensor(name)).equals(bytes), name).toBe(true);
      if (!name.includes('q_proj'))
        expect(bytes.equals(before.get(name) ?? Buffer.alloc(0)), name).toBe(true);
    }
    expect(base.tensors.get(`${Q}.weight`)?.dtype).toBe('BF16');
    const w = decodeFloats('BF16', before.get(`${Q}.weight`) ?? Buffer.alloc(0));
    const a = tensors[`base_model.model.${Q}.lora_A.weight`]?.data ?? new Float32Array();
    const b = tensors[`base_model.model.${Q}.lora_B.weight`]?.data ?? new Float32Array();
    const expected = w.map((value, at) => {
      const [row, column] = [Math.floor(at / 48), at % 48];
      return value + 3 * (b[row * 2] * a[column] + b[row * 2 + 1] * a[48 + column]);
    });
    expect(decodeFloats('F32', after.get(`${Q}.weight`) ?? Buffer.alloc(0))).toEqual(expected);
  });

  it('gives the same bits, and digest, when the base comes in parts that end inside rows', async () => {
    const adapter = await openAdapter(await writeAdapter(dir, {}, queries()));
    const whole = adaptedModel(base, adapter);
    const chopped = adaptedModel(inParts(base, 52), adapter);
    expect(await allWeights(chopped)).toEqual(await allWeights(whole));
    expect(await chopped.digest()).toBe(await whole.digest());
  });

  it('widens what it adapts of a quantised base, to the same values, and leaves the rest quantised', async () => {
    const path = sharedPath('models/smollm2-135m-instruct');
    const name = 'model.layers.3.self_attn.q_proj';
    const adapter = await openAdapter(
      await writeAdapter(dir, { target_modules: name }, factors(name, 576, 576, 2, 1)),
    );
    const [kept, widened] = await Promise.all(
      (['keep', 'widen'] as const).map(async (quantized) =>
        adaptedModel(await openModel(path, { quantized }), adapter),
      ),
    );
    const dtypes = [3, 4].map(
      (layer) => kept.tensors.get(`model.layers.${layer}.self_attn.q_proj.weight`)?.dtype,
    );
    expect(dtypes).toEqual(['F32', 'Q4_1']);
    const expected = Buffer.from(await widened.readTensor(`${name}.weight`));
    const loaded: Buffer[] = [];
    await kept.loadWeights((tensor, info, chunk, offset) => {
      expect(info.dtype).toBe(kept.tensors.get(tensor)?.dtype);
      if (tensor !== `${name}.weight`) return;
      expect(offset).toBe(Buffer.concat(loaded).byteLength);
      loaded.push(Buffer.from(chunk));
    });
    expect(Buffer.concat(loaded).equals(expected)).toBe(true);
    expect(Buffer.from(await kept.readTensor(`${name}.weight`)).equals(expected)).toBe(true);
  });

  it('has a digest of its own, by what the adapter computes; the base keeps its own', async () => {
    const plain = await base.digest();
    const digest = await (await adapted({}, queries())).digest();
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(digest).not.toBe(plain);
    dir += '-same';
    const same = { lora_dropout: 0, target_modules: '.*q_proj', base_model_name_or_path: 'elsewhere' };
    expect(await (await adapted(same, queries())).digest()).toBe(digest);
    dir += '-scale';
    expect(await (await adapted({ lora_alpha: 5 }, queries())).digest()).not.toBe(digest);
    dir += '-value';
    const changed = queries();
    const first = changed[`base_model.model.${Q}.lora_B.weight`];
    if (first === undefined) throw new Error('no tensor');
    first.data[7] += 1;
    expect(await (await adapted({}, changed)).digest()).not.toBe(digest);
    expect(await base.loadWeights()).toBe(plain);
  });

  it('has a digest that does not depend on the order of tensors in the file', async () => {
    const digest = await (await adapted({}, queries())).digest();
    const path = join(dir, 'adapter_model.safetensors');
    const file = await readFile(path);
    const length = Number(file.readBigUInt64LE(0));
    type Entry = { shape: number[]; dtype: string; data_offsets: [number, number] };
    const { __metadata__: _, ...header } = JSON.parse(file.toString('utf8', 8, 8 + length)) as Record<
      string,
      Entry
    >;
    const payload: Buffer[] = [];
    let at = 0;
    const reversed = Object.entries(header)
      .reverse()
      .map(
        ([
          name,
          {
            data_offsets: [from, to],
            ...rest
          },
        ]) => {
          payload.push(file.subarray(8 + length + from, 8 + length + to));
          at += to - from;
          return [name, { ...rest, data_offsets: [at - (to - from), at] }];
        },
      );
    const json = Buffer.from(JSON.stringify(Object.fromEntries(reversed)));
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(json.byteLength));
    await writeFile(path, Buffer.concat([size, json, ...payload]));
    expect(await adaptedModel(base, await openAdapter(dir)).digest()).toBe(digest);
  });

  it.each([
    [
      'names in full',
      { target_modules: [0, 1, 2, 3].map((i) => `model.layers.${i}.self_attn.q_proj`) },
      [0, 1, 2, 3],
    ],
    ['a longer ending', { target_modules: ['self_attn.q_proj'] }, [0, 1, 2, 3]],
    ['a pattern', { target_modules: '.*layers.[12].*q_proj' }, [1, 2]],
    ['some layers', { layers_to_transform: [1, 3] }, [1, 3]],
    ['one layer', { layers_to_transform: 2 }, [2]],
    ['no excluded ones', { exclude_modules: ['layers.0.self_attn.q_proj'] }, [1, 2, 3]],
  ])('adapts %s', async (_, config, layers) => {
    const model = await adapted(config, queries(layers));
    const widened = [...model.tensors].filter(([, { dtype }]) => dtype === 'F32').map(([name]) => name);
    expect(widened).toEqual(layers.map((layer) => `model.layers.${layer}.self_attn.q_proj.weight`));
  });

  it.each<[string, object, () => AdapterTensors, string, RegExp]>([
    ['no tensors', {}, () => ({}), 'LORA_INVALID', /layers.0.self_attn.q_proj.* is missing/],
    ['no tensors for a pattern', { target_modules: '.*' }, () => ({}), 'LORA_INVALID', /adapts no module/],
    ['a target in some layers only', {}, () => queries([0, 1, 3]), 'LORA_INVALID', /layers.2.*is missing/],
    [
      'an A without its B',
      {},
      () => without('1.self_attn.q_proj.lora_B.weight'),
      'LORA_INVALID',
      /layers.1.*lora_B.*missing/,
    ],
    [
      'a B without its A',
      { target_modules: '.*' },
      () => without('1.self_attn.q_proj.lora_A.weight'),
      'LORA_INVALID',
      /layers.1.*lora_A.*missing/,
    ],
    [
      'a target that the model lacks',
      { target_modules: ['q_proj', 'c_attn'] },
      () => queries(),
      'LORA_INVALID',
      /"c_attn"/,
    ],
    [
      'a target without tensors',
      { target_modules: ['q_proj', 'v_proj'] },
      () => queries(),
      'LORA_INVALID',
      /v_proj/,
    ],
    ['a norm as target', { target_modules: ['norm'] }, () => queries(), 'LORA_INVALID', /"norm"/],
    ['not all linear layers', { target_modules: 'all-linear' }, () => queries(), 'LORA_INVALID', /k_proj/],
    [
      'a target that is excluded',
      { exclude_modules: ['q_proj'] },
      () => queries(),
      'LORA_INVALID',
      /"q_proj"/,
    ],
    [
      'a layer that the model lacks',
      { layers_to_transform: [0, 9] },
      () => queries([0]),
      'LORA_INVALID',
      /block 9/,
    ],
    [
      'tensors of a layer not named',
      { layers_to_transform: [0] },
      () => queries([0, 1]),
      'LORA_INVALID',
      /layers.1.*does not name/,
    ],
    [
      'a module that the model lacks',
      {},
      () => ({ ...queries(), ...factors('model.layers.4.self_attn.q_proj', 96, 48) }),
      'LORA_INVALID',
      /layers.4.*no linear layer/,
    ],
    [
      'tensors without the prefix',
      {},
      () => ({ ...queries(), x: { shape: [1], data: new Float32Array(1) } }),
      'LORA_INVALID',
      /"x"/,
    ],
    ['another rank than r', { r: 3 }, () => queries(), 'LORA_INVALID', /shape \[2, 48\]/],
    [
      'factors of another model',
      {},
      () => ({ ...queries(), ...factors(Q, 96, 64) }),
      'LORA_INVALID',
      /shape \[2, 64\]/,
    ],
    [
      'the output head',
      { target_modules: ['q_proj', 'lm_head'] },
      () => queries(),
      'LORA_UNSUPPORTED',
      /"lm_head"/,
    ],
    [
      'the embedding',
      { target_modules: ['embed_tokens'] },
      () => queries(),
      'LORA_UNSUPPORTED',
      /"embed_tokens"/,
    ],
    [
      'head tensors',
      {},
      () => ({ ...queries(), ...factors('lm_head', 160, 48) }),
      'LORA_UNSUPPORTED',
      /lm_head/,
    ],
    [
      'an embedding’s factor',
      {},
      () => extra('model.embed_tokens.lora_embedding_A'),
      'LORA_UNSUPPORTED',
      /embedding/,
    ],
    ['a DoRA magnitude', {}, () => extra(`${Q}.lora_magnitude_vector`), 'LORA_UNSUPPORTED', /DoRA/],
    ['a bias of B', {}, () => extra(`${Q}.lora_B.bias`), 'LORA_UNSUPPORTED', /bias/],
  ])('refuses %s by name', async (_, config, tensors, code, message) => {
    await expect(adapted(config, tensors())).rejects.toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) as unknown }) as Error,
    );
  });

  it('refuses a NaN, and a sum beyond float32, by the tensor’s name', async () => {
    const path = join(dir, 'adapter_model.safetensors');
    const model = await adapted({}, queries());
    const broken = await readFile(path);
    broken.writeFloatLE(NaN, broken.byteLength - 8);
    await writeFile(path, broken);
    const error = { code: 'WEIGHTS_NOT_FINITE', message: expect.stringMatching(/lora_B/) as unknown };
    await expect(model.loadWeights()).rejects.toThrow(expect.objectContaining(error) as Error);
    const huge = { ...queries(), ...factors(Q, 96, 48, 2, 1, 1e30) };
    const message = expect.stringMatching(/q_proj.weight.*beyond float32/) as unknown;
    await expect((await adapted({}, huge)).loadWeights()).rejects.toThrow(
      expect.objectContaining({ code: 'WEIGHTS_NOT_FINITE', message }) as Error,
    );
  });

  it('says what is missing from a folder that holds no adapter', async () => {
    const notFound = (message: RegExp): unknown =>
      expect.objectContaining({ code: 'LORA_NOT_FOUND', message: expect.stringMatching(message) as unknown });
    await expect(openAdapter('/nowhere')).rejects.toEqual(notFound(/adapter folder "\/nowhere"/));
    await expect(openAdapter(base.path)).rejects.toEqual(notFound(/adapter_config.json is missing/));
    await writeAdapter(dir, {}, queries());
    await rm(join(dir, 'adapter_model.safetensors'));
    await expect(openAdapter(dir)).rejects.toEqual(notFound(/adapter_model.safetensors is missing/));
  });
});

/** The same model, its weights visited `bytes` at a time. */
function inParts(source: ModelSource, bytes: number): ModelSource {
  const { path, config, tokenizer, template, textFiles, tokenizerDigest, tensors } = source;
  return {
    ...{ path, config, tokenizer, template, textFiles, tokenizerDigest, tensors },
    digest: () => source.digest(),
    readTensor: (name) => source.readTensor(name),
    openWeights: () => source.openWeights(),
    loadWeights: (visit, options) =>
      source.loadWeights(async (name, info, chunk, offset) => {
        for (let at = 0; at < chunk.byteLength; at += bytes)
          await visit?.(name, info, chunk.slice(at, at + bytes), offset + at);
      }, options),
  };
}

function without(ending: string): AdapterTensors {
  return Object.fromEntries(Object.entries(queries()).filter(([name]) => !name.endsWith(ending)));
}

function extra(name: string): AdapterTensors {
  return { ...queries(), [`base_model.model.${name}`]: { shape: [4], data: new Float32Array(4) } };
}
