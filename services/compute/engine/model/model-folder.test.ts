import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedPath } from '../../../../test/shared.ts';
import { decodeFloats, isDType, encodeFloats } from './dtype.ts';
import { openModelFolder } from './model-folder.ts';
import { requireTokenizer } from './model-text.ts';
import { parseSafetensorsHeader } from './safetensors.ts';
import { writeSafetensors, type TensorToWrite } from './safetensors-writer.ts';

let scratch: string;
let count = 0;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'reptrace-folder-'));
});
afterAll(() => rm(scratch, { recursive: true }));

/** A copy of a shared model folder's files, so that a test may change it. */
async function copyOf(name: string, target = join(scratch, String(count++))): Promise<string> {
  await mkdir(target, { recursive: true });
  const source = sharedPath(`models/${name}`);
  for (const entry of await readdir(source, { withFileTypes: true })) {
    if (entry.isFile()) await writeFile(join(target, entry.name), await readFile(join(source, entry.name)));
  }
  return target;
}

async function editJson(path: string, edit: (json: Record<string, unknown>) => void): Promise<void> {
  const json = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  edit(json);
  await writeFile(path, JSON.stringify(json));
}

const LLAMA = 'tiny-random/llama';
const SHARDED = 'tiny-random/llama3-rope';

describe('openModelFolder', () => {
  it('opens single and sharded folders, in every dtype, with and without biases', async () => {
    for (const [name, dtype, tensors] of [
      [LLAMA, 'F32', 39],
      [SHARDED, 'BF16', 39],
      ['tiny-random/llama-linear-rope', 'F16', 66],
      ['stories260K/hf', 'F32', 47],
    ] as const) {
      const folder = await openModelFolder(sharedPath(`models/${name}`));
      expect(folder.tensors.size, name).toBe(tensors);
      expect(new Set([...folder.tensors.values()].map((info) => info.dtype))).toEqual(new Set([dtype]));
      expect(folder.config.dtype).toBe(dtype);
      expect(await folder.loadWeights()).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  it('opens without a tokenizer, and says which file is missing when one is asked for', async () => {
    const folder = await openModelFolder(sharedPath(`models/${LLAMA}`));
    expect(folder.tokenizer).toBeNull();
    expect(() => requireTokenizer(folder)).toThrow(/tokenizer\.json is missing/);
  });

  it('says what is missing from a folder that is none', async () => {
    await expect(openModelFolder(join(scratch, 'nowhere'))).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
    });
    await expect(openModelFolder(join(sharedPath('models'), 'README.md'))).rejects.toThrow(/not a folder/);
    await expect(openModelFolder(scratch)).rejects.toThrow(/config\.json is missing/);
    await expect(openModelFolder(sharedPath('models/smollm2-135m-instruct'))).rejects.toThrow(/no weights/);
  });

  it('names tensors that the shards lack, hide, or hold in another file', async () => {
    const dir = await copyOf(SHARDED);
    const index = join(dir, 'model.safetensors.index.json');
    const original = await readFile(index);
    const withMap = async (edit: (map: Record<string, unknown>) => void): Promise<void> => {
      await writeFile(index, original);
      await editJson(index, (json) => {
        edit(json['weight_map'] as Record<string, unknown>);
      });
    };
    await withMap((map) => (map['model.norm.weight'] = 'model-00001-of-00004.safetensors'));
    await expect(openModelFolder(dir)).rejects.toThrow(/"model.norm.weight"/);
    await withMap((map) => delete map['model.norm.weight']);
    await expect(openModelFolder(dir)).rejects.toThrow(/"model.norm.weight" nowhere/);
    await withMap((map) => (map['ghost'] = 'model-00001-of-00004.safetensors'));
    await expect(openModelFolder(dir)).rejects.toThrow(/"ghost".*not there/);
    await withMap((map) => (map['ghost'] = 'model-00005-of-00004.safetensors'));
    await expect(openModelFolder(dir)).rejects.toThrow(/00005.*missing/);
    await writeFile(index, original);
    await rm(join(dir, 'model-00003-of-00004.safetensors'));
    await expect(openModelFolder(dir)).rejects.toMatchObject({ code: 'WEIGHTS_INVALID' });
  });

  it('follows no shard name and no link out of the folder', async () => {
    const dir = await copyOf(SHARDED);
    const index = join(dir, 'model.safetensors.index.json');
    const first = 'model-00001-of-00004.safetensors';
    const outside = join(scratch, 'outside.safetensors');
    await writeFile(outside, await readFile(join(dir, first)));
    const names = [
      `../${basename(outside)}`,
      outside,
      '..',
      '.',
      '',
      `sub/${first}`,
      `..\\x.safetensors`,
      7,
      null,
    ];
    const original = await readFile(index, 'utf8');
    for (const name of names) {
      await writeFile(index, original.replaceAll(JSON.stringify(first), JSON.stringify(name)));
      await expect(openModelFolder(dir), String(name)).rejects.toMatchObject({ code: 'WEIGHTS_INVALID' });
    }
    await writeFile(index, original);
    await rm(join(dir, first));
    await symlink(outside, join(dir, first));
    await expect(openModelFolder(dir)).rejects.toThrow(/leads out of the folder/);
    await rm(join(dir, first));
    await symlink(first, join(dir, first));
    await expect(openModelFolder(dir)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    await rm(join(dir, first));
    execFileSync('mkfifo', [join(dir, first)]);
    await expect(openModelFolder(dir)).rejects.toThrow(/not a regular file/);
  });

  it('follows the links of a Hugging Face cache into its own blobs, and no others', async () => {
    const repository = join(scratch, 'models--someone--tiny');
    const blobs = join(repository, 'blobs');
    const dir = join(repository, 'snapshots', 'abc');
    await copyOf(LLAMA, blobs);
    await mkdir(dir, { recursive: true });
    for (const name of ['config.json', 'model.safetensors'])
      await symlink(join('../../blobs', name), join(dir, name));
    const expected = await (await openModelFolder(sharedPath(`models/${LLAMA}`))).digest();
    expect(await (await openModelFolder(dir)).digest()).toBe(expected);
    await rm(blobs, { recursive: true });
    await symlink(sharedPath(`models/${LLAMA}`), blobs);
    await expect(openModelFolder(dir)).rejects.toThrow(/leads out of the folder/);
  });
});

describe('reading weights', () => {
  it('gives each tensor as it is stored, whole, in chunks, and to a visitor in the order of names', async () => {
    const path = sharedPath(`models/${LLAMA}/model.safetensors`);
    const bytes = await readFile(path);
    const folder = await openModelFolder(dirname(path));
    const visited: string[] = [];
    await folder.loadWeights(async (name, _, chunk, offset) => {
      await Promise.resolve();
      visited.push(name);
      const info = folder.tensors.get(name);
      expect(offset).toBe(0);
      expect(chunk.byteOffset % 4).toBe(0);
      expect(Buffer.compare(chunk, bytes.subarray(info?.begin, info?.end))).toBe(0);
    });
    expect(visited).toEqual([...folder.tensors.keys()].sort());
    const record = parseSafetensorsHeader(bytes, bytes.byteLength).find(
      ({ name }) => name === 'lm_head.weight',
    );
    const whole = await folder.readTensor('lm_head.weight');
    expect(Buffer.compare(whole, bytes.subarray(record?.begin, record?.end))).toBe(0);
    await expect(folder.readTensor('lm_head.bias')).rejects.toThrow(/no tensor "lm_head.bias"/);
  });

  it('gives a large tensor in chunks that add up', async () => {
    const dir = await copyOf(LLAMA);
    const vocab = 60_000;
    await editJson(join(dir, 'config.json'), (json) => (json['vocab_size'] = vocab));
    const embedding = Float32Array.from({ length: vocab * 48 }, (_, i) => (i % 1000) - 500);
    await rewriteWeights(dir, (tensor) =>
      tensor.shape[0] === 160 ? { ...tensor, shape: [vocab, 48], data: embedding } : tensor,
    );
    const folder = await openModelFolder(dir);
    const offsets: number[] = [];
    await folder.loadWeights((name, _, chunk, offset) => {
      if (name !== 'lm_head.weight') return;
      offsets.push(offset);
      const expected = embedding.subarray(offset / 4, (offset + chunk.byteLength) / 4);
      expect(Buffer.compare(chunk, encodeFloats('F32', expected))).toBe(0);
    });
    expect(offsets).toEqual([0, 1 << 23]);
    expect(Buffer.compare(await folder.readTensor('lm_head.weight'), encodeFloats('F32', embedding))).toBe(0);
  });

  it('refuses a NaN or an infinity by the name of its tensor', async () => {
    const dir = await copyOf(SHARDED);
    const folder = await openModelFolder(dir);
    const name = 'model.layers.2.mlp.gate_proj.weight';
    const info = folder.tensors.get(name);
    if (info === undefined) throw new Error('no such tensor');
    const path = join(dir, info.file);
    const bytes = await readFile(path);
    bytes.writeUInt16LE(0x7f80, info.end - 2);
    await writeFile(path, bytes);
    await expect(folder.loadWeights()).rejects.toMatchObject({
      code: 'WEIGHTS_NOT_FINITE',
      message: expect.stringContaining(name) as string,
    });
  });

  it('notices that a file was changed or removed after it was opened', async () => {
    const dir = await copyOf(LLAMA);
    const folder = await openModelFolder(dir);
    await truncate(join(dir, 'model.safetensors'), 1000);
    await expect(folder.loadWeights()).rejects.toThrow(/was changed or removed/);
    await rm(join(dir, 'model.safetensors'));
    await expect(folder.readTensor('model.norm.weight')).rejects.toThrow(/was changed or removed/);
  });

  it('can be cancelled', async () => {
    const folder = await openModelFolder(sharedPath(`models/${LLAMA}`));
    const abort = new AbortController();
    let seen = 0;
    const loading = folder.loadWeights(
      () => {
        if (++seen === 3) abort.abort();
      },
      { signal: abort.signal },
    );
    await expect(loading).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(seen).toBe(3);
  });
});

describe('the digest', () => {
  const digestOf = async (dir: string): Promise<string> => (await openModelFolder(dir)).digest();

  it('is the same wherever the folder is, and however its weights are split, ordered and annotated', async () => {
    const expected = await digestOf(sharedPath(`models/${SHARDED}`));
    const dir = await copyOf(SHARDED);
    expect(await digestOf(dir)).toBe(expected);

    const folder = await openModelFolder(dir);
    const all: TensorToWrite[] = [];
    for (const [name, { dtype, shape }] of folder.tensors) {
      all.push({ name, dtype, shape, data: await folder.readTensor(name) });
    }
    await writeSafetensors(join(dir, 'model.safetensors'), all, { note: 'merged' });
    for (const name of await readdir(dir)) if (/-of-|index/.test(name)) await rm(join(dir, name));
    expect(await digestOf(dir)).toBe(expected);
  });

  it('is the same for two spellings of one config, and for fields that change no result', async () => {
    const expected = await digestOf(sharedPath(`models/${SHARDED}`));
    const dir = await copyOf(SHARDED);
    await editJson(join(dir, 'config.json'), (json) => {
      const { rope_theta, rope_scaling, torch_dtype, ...rest } = json;
      for (const key of Object.keys(json)) Reflect.deleteProperty(json, key);
      const rope_parameters = { ...(rope_scaling as object), rope_theta };
      Object.assign(json, {
        rope_parameters,
        dtype: torch_dtype,
        ...rest,
        transformers_version: '9',
        use_cache: false,
      });
    });
    expect(await digestOf(dir)).toBe(expected);
  });

  it('changes with any bit of the weights, with the config, and with the files that make tokens', async () => {
    const seen = new Set([await digestOf(sharedPath('models/stories260K/hf'))]);
    const expectNew = async (change: (dir: string) => Promise<void>): Promise<void> => {
      const dir = await copyOf('stories260K/hf');
      await change(dir);
      const size = seen.size;
      seen.add(await digestOf(dir));
      expect(seen.size).toBe(size + 1);
    };
    await expectNew(async (dir) => {
      const path = join(dir, 'model.safetensors');
      const bytes = await readFile(path);
      bytes[bytes.byteLength - 4] ^= 1;
      await writeFile(path, bytes);
    });
    await expectNew((dir) => editJson(join(dir, 'config.json'), (json) => (json['rms_norm_eps'] = 2e-5)));
    await expectNew((dir) => editJson(join(dir, 'config.json'), (json) => (json['rope_theta'] = 20000)));
    await expectNew((dir) =>
      editJson(join(dir, 'tokenizer_config.json'), (json) => (json['add_bos_token'] = false)),
    );
    await expectNew((dir) => writeFile(join(dir, 'chat_template.jinja'), '{{ messages[0].content }}'));
    await expectNew((dir) => rm(join(dir, 'tokenizer_config.json')));
    await expectNew((dir) => rm(join(dir, 'tokenizer.json')));
    await expectNew((dir) => rewriteWeights(dir, (tensor) => ({ ...tensor, dtype: 'F16' })));
  });
});

/** Writes model.safetensors anew, each tensor changed by `change` (which is given float32 values). */
async function rewriteWeights(dir: string, change: (tensor: TensorToWrite) => TensorToWrite): Promise<void> {
  const path = join(dir, 'model.safetensors');
  const bytes = await readFile(path);
  const tensors = parseSafetensorsHeader(bytes, bytes.byteLength).map(
    ({ name, dtype, shape, begin, end }) => {
      if (!isDType(dtype)) throw new Error(`${name} is stored as ${dtype}`);
      return change({ name, dtype, shape, data: decodeFloats(dtype, bytes.subarray(begin, end)) });
    },
  );
  await writeSafetensors(path, tensors);
}
