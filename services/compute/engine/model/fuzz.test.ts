/**
 * Seeded mutations of whole model folders. Each must end in a model that loads, or in a ReptraceError: never in
 * another exception, a hang, or memory beyond the files' size. A change that can only be damage must be refused.
 */
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReptraceError } from '../../../../lib/errors.ts';
import { Random } from '../../../../lib/random.ts';
import { sharedPath } from '../../../../test/shared.ts';
import { openModelFolder, type ModelFolder } from './model-folder.ts';
import { renderSample } from './render.ts';

/** Longest time for one mutation, as promised; and memory for one beyond what there was. */
const MAX_MILLISECONDS = 2000;
const MAX_GROWTH_BYTES = 64 << 20;

interface Base {
  readonly dir: string;
  readonly files: ReadonlyMap<string, Buffer>;
  readonly config: unknown;
  readonly digest: string;
  readonly tensors: string;
}

type Outcome =
  { readonly loaded: ModelFolder; readonly digest: string } | { readonly refused: ReptraceError };

let scratch: string;
const bases = new Map<string, Base>();
const tally = { mutations: 0, loaded: 0, refused: 0 };

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'reptrace-fuzz-'));
  for (const name of ['tiny-random/llama', 'tiny-random/llama3-rope', 'stories260K/hf']) {
    const source = sharedPath(`models/${name}`);
    const dir = join(scratch, name.replace('/', '-'));
    await mkdir(dir);
    const files = new Map<string, Buffer>();
    for (const entry of await readdir(source, { withFileTypes: true })) {
      if (!entry.isFile()) continue;
      files.set(entry.name, await readFile(join(source, entry.name)));
      await writeFile(join(dir, entry.name), files.get(entry.name) ?? '');
    }
    const folder = await openModelFolder(dir);
    bases.set(name, {
      dir,
      files,
      config: folder.config,
      digest: await folder.digest(),
      tensors: describeTensors(folder),
    });
  }
});
afterAll(() => rm(scratch, { recursive: true }));

function baseOf(name: string): { base: Base; bytes: (file: string) => Buffer } {
  const base = bases.get(name);
  if (base === undefined) throw new Error(`no base ${name}`);
  return {
    base,
    bytes: (file) => {
      const bytes = base.files.get(file);
      if (bytes === undefined) throw new Error(`no file ${file}`);
      return Buffer.from(bytes);
    },
  };
}

function describeTensors(folder: ModelFolder): string {
  return JSON.stringify([...folder.tensors].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Loads the base with one file replaced, uses what it gives, and puts the file back. */
async function attempt(base: Base, file: string, content: Uint8Array): Promise<Outcome> {
  const path = join(base.dir, file);
  await writeFile(path, content);
  const before = process.memoryUsage();
  const start = performance.now();
  let outcome: Outcome;
  try {
    const loaded = await openModelFolder(base.dir);
    if (loaded.tokenizer !== null) {
      const { inputIds } = renderSample(loaded, { prompt: 'A dog, 12 <s>', response: 'ran. 漢字 🙂' });
      for (const id of inputIds) expect(id).toBeLessThan(loaded.config.vocabSize);
      loaded.tokenizer.decode(inputIds);
      loaded.tokenizer.encode('Once upon a time', { addSpecialTokens: true });
    }
    outcome = { loaded, digest: await loaded.loadWeights() };
  } catch (error) {
    // Anything but a ReptraceError is a crash, and fails the test with its own message.
    if (!(error instanceof ReptraceError)) throw error;
    expect(error.message.length).toBeLessThan(1500);
    expect(error.remedy).not.toBe('');
    outcome = { refused: error };
  }
  const elapsed = performance.now() - start;
  const after = process.memoryUsage();
  expect(elapsed, 'a hang').toBeLessThan(MAX_MILLISECONDS);
  expect(after.arrayBuffers - before.arrayBuffers, 'memory').toBeLessThan(MAX_GROWTH_BYTES);
  tally.mutations++;
  if ('loaded' in outcome) tally.loaded++;
  else tally.refused++;
  await writeFile(path, base.files.get(file) ?? '');
  return outcome;
}

function flipBit(bytes: Buffer, random: Random, from: number, to: number): Buffer {
  bytes[from + random.int(to - from)] ^= 1 << random.int(8);
  return bytes;
}

function withHeader(file: Buffer, change: (header: string) => string): Buffer {
  const length = Number(file.readBigUInt64LE(0));
  const header = Buffer.from(change(file.toString('utf8', 8, 8 + length)));
  const out = Buffer.concat([Buffer.alloc(8), header, file.subarray(8 + length)]);
  out.writeBigUInt64LE(BigInt(header.byteLength), 0);
  return out;
}

function dataStart(file: Buffer): number {
  return 8 + Number(file.readBigUInt64LE(0));
}

const SINGLE = 'model.safetensors';
const SHARD = 'model-00002-of-00004.safetensors';
const INDEX = 'model.safetensors.index.json';

describe('mutated weights', () => {
  it.each([
    ['tiny-random/llama', SINGLE, 30],
    ['tiny-random/llama3-rope', SHARD, 30],
  ])('%s/%s: cut off or continued, is always refused', async (name, file, count) => {
    const { base, bytes } = baseOf(name);
    const random = new Random(11);
    for (let i = 0; i < count; i++) {
      const whole = bytes(file);
      const header = dataStart(whole);
      const size = i % 2 === 0 ? random.int(header + 1) : header + random.int(whole.byteLength - header);
      const cut =
        i % 4 === 3 ? Buffer.concat([whole, Buffer.alloc(1 + random.int(64))]) : whole.subarray(0, size);
      expect(await attempt(base, file, cut), `mutation ${i}`).toHaveProperty('refused');
    }
  });

  it.each([
    ['tiny-random/llama', SINGLE, 40],
    ['tiny-random/llama3-rope', SHARD, 40],
  ])(
    '%s/%s: a flipped bit of a payload changes the digest, or is no finite number',
    async (name, file, count) => {
      const { base, bytes } = baseOf(name);
      const random = new Random(12);
      for (let i = 0; i < count; i++) {
        const whole = bytes(file);
        const outcome = await attempt(base, file, flipBit(whole, random, dataStart(whole), whole.byteLength));
        if ('loaded' in outcome) expect(outcome.digest, `mutation ${i}`).not.toBe(base.digest);
        else expect(outcome.refused.code).toBe('WEIGHTS_NOT_FINITE');
      }
    },
  );

  it('a lying header length is always refused', async () => {
    const { base, bytes } = baseOf('tiny-random/llama3-rope');
    const random = new Random(13);
    const lies = [0n, 1n, 7n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n, 99_999_999n];
    for (let i = 0; i < 40; i++) {
      const whole = bytes(SHARD);
      const lie = lies.at(i);
      if (lie === undefined) flipBit(whole, random, 0, 8);
      else whole.writeBigUInt64LE(lie, 0);
      expect(await attempt(base, SHARD, whole), `mutation ${i}`).toHaveProperty('refused');
    }
  });

  it('a flipped bit of a header is refused, or was in what does not count', async () => {
    const { base, bytes } = baseOf('tiny-random/llama');
    const random = new Random(14);
    for (let i = 0; i < 80; i++) {
      const whole = bytes(SINGLE);
      const outcome = await attempt(base, SINGLE, flipBit(whole, random, 8, dataStart(whole)));
      if (!('loaded' in outcome)) continue;
      // Only the metadata and the padding may change unnoticed.
      expect(describeTensors(outcome.loaded), `mutation ${i}`).toBe(base.tensors);
      expect(outcome.digest).toBe(base.digest);
    }
  });

  it('a header that contradicts itself, the data or the config is always refused', async () => {
    const { base, bytes } = baseOf('tiny-random/llama3-rope');
    const random = new Random(15);
    const lies: ((entry: Record<string, unknown>, all: Record<string, unknown>, name: string) => void)[] = [
      (entry) => (entry['shape'] = [random.int(200), random.int(200)]),
      (entry) => (entry['shape'] = [2 ** random.int(60), 2 ** random.int(60)]),
      (entry) => (entry['shape'] = [-1, 48]),
      (entry) => (entry['shape'] = [[48]]),
      (entry) => (entry['dtype'] = random.pick(['F32', 'F64', 'I8', 'bf16', '', null, 3])),
      (entry) => (entry['data_offsets'] = [random.int(60_000), random.int(60_000)]),
      (entry) => (entry['data_offsets'] = [0, 2 ** 52]),
      (entry) => (entry['data_offsets'] = [-2, 4]),
      (entry) => {
        const [from, to] = entry['data_offsets'] as [number, number];
        entry['data_offsets'] = [from + 2 * (random.int(3) - 1), to + 2];
      },
      (_entry, all, name) => Reflect.deleteProperty(all, name),
      (entry, all, name) => {
        Reflect.deleteProperty(all, name);
        all[`${name}x`] = entry;
      },
      (entry, all) => (all[random.pick(['extra', 'toString', 'lm_head.weight'])] = entry),
      (_entry, all, name) => (all[name] = random.pick([null, 1, 'x', [], {}])),
      (_entry, all) => (all['__metadata__'] = random.pick([1, [], { a: 1 }])),
    ];
    for (let i = 0; i < 84; i++) {
      const file = withHeader(bytes(SHARD), (text) => {
        const all = JSON.parse(text) as Record<string, Record<string, unknown>>;
        const name = random.pick(Object.keys(all).filter((key) => key !== '__metadata__'));
        lies[i % lies.length]?.(all[name] ?? {}, all, name);
        return JSON.stringify(all);
      });
      expect(await attempt(base, SHARD, file), `mutation ${i}`).toHaveProperty('refused');
    }
    const tricks: ((text: string) => string)[] = [
      (text) => text.replace(/("model[^"]+"):(\{[^}]*\})/, '$1:$2,$1:$2'),
      (text) => text.replace(/"model[^"]+"/, '"__proto__"'),
      (text) => text.replace(/^\{/, `{"a":${'['.repeat(50_000)}`),
      (text) => text.replace('"shape"', '"shape":[1],"shape"'),
    ];
    for (const trick of tricks) {
      expect(await attempt(base, SHARD, withHeader(bytes(SHARD), trick))).toHaveProperty('refused');
    }
  });

  it('a mutated index is refused, or names the same tensors', async () => {
    const { base, bytes } = baseOf('tiny-random/llama3-rope');
    const random = new Random(16);
    for (let i = 0; i < 60; i++) {
      const whole = bytes(INDEX);
      const content =
        i % 6 === 0
          ? whole.subarray(0, random.int(whole.byteLength))
          : flipBit(whole, random, 0, whole.byteLength);
      const outcome = await attempt(base, INDEX, content);
      if ('loaded' in outcome) expect(outcome.digest, `mutation ${i}`).toBe(base.digest);
    }
  });
});

/** Values that a reader may trip over, whatever it expected. */
const HOSTILE: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  0.5,
  2 ** 31,
  2 ** 53,
  1e308,
  '',
  'x',
  '__proto__',
  '\ud800',
  'a'.repeat(100_000),
  [],
  {},
  [null],
  [[]],
  { type: 'Sequence' },
  { length: 1e9 },
  { type: 'constructor' },
  { Regex: '(a+)+$' },
  { type: 'Split', pattern: { Regex: '(\\w|\\s)+?!' }, behavior: 'Isolated', invert: false },
];

/** Replaces, removes or doubles something at a random place of a JSON document. */
function mutateJson(text: string, random: Random): string {
  const root = JSON.parse(text) as unknown;
  let parent = root as Record<string, unknown>;
  for (;;) {
    const key = random.pick(Object.keys(parent));
    const child = parent[key];
    const goesOn =
      typeof child === 'object' && child !== null && Object.keys(child).length > 0 && random.int(4) > 0;
    if (goesOn) {
      parent = child as Record<string, unknown>;
      continue;
    }
    if (random.int(5) === 0) Reflect.deleteProperty(parent, key);
    else if (random.int(4) === 0) parent[random.pick(['x', key, '0', '__proto__'])] = structuredClone(parent);
    else parent[key] = random.pick(HOSTILE);
    return JSON.stringify(root);
  }
}

describe('mutated configs and tokenizers', () => {
  it.each([
    ['tiny-random/llama3-rope', 80],
    ['stories260K/hf', 40],
  ])('%s/config.json: is refused, or is another config with another digest', async (name, count) => {
    const { base, bytes } = baseOf(name);
    const random = new Random(17);
    const counted = (config: unknown): string =>
      JSON.stringify({ ...(config as object), dtype: 0, initializerRange: 0 });
    for (let i = 0; i < count; i++) {
      const whole = bytes('config.json');
      const content =
        i % 2 === 0
          ? flipBit(whole, random, 0, whole.byteLength)
          : Buffer.from(mutateJson(whole.toString(), random));
      const outcome = await attempt(base, 'config.json', content);
      if (!('loaded' in outcome)) continue;
      const same = counted(outcome.loaded.config) === counted(base.config);
      expect(outcome.digest === base.digest, `mutation ${i}`).toBe(same);
    }
  });

  it.each([
    ['tokenizer.json', 120],
    ['tokenizer_config.json', 50],
  ])('%s: is refused, or works and gives another digest', async (file, count) => {
    const { base, bytes } = baseOf('stories260K/hf');
    const random = new Random(18);
    for (let i = 0; i < count; i++) {
      const whole = bytes(file);
      const content =
        i % 3 === 0
          ? flipBit(whole, random, 0, whole.byteLength)
          : i % 30 === 1
            ? whole.subarray(0, random.int(whole.byteLength))
            : Buffer.from(mutateJson(whole.toString(), random));
      const outcome = await attempt(base, file, content);
      if ('loaded' in outcome)
        expect(outcome.digest === base.digest, `mutation ${i}`).toBe(content.equals(bytes(file)));
    }
  });

  it('a chat template of noise is refused, or renders', async () => {
    const { base } = baseOf('stories260K/hf');
    const random = new Random(19);
    const template = `{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}[{{ m.content | trim }}]{% else %}{{ m['content'] ~ eos_token }}{% endif %}{% endfor %}`;
    for (let i = 0; i < 60; i++) {
      const content = Buffer.from(template);
      for (let flips = 0; flips < 1 + (i % 3); flips++)
        content[random.int(content.byteLength)] ^= 1 << random.int(7);
      await attempt(base, 'chat_template.jinja', content);
      await rm(join(base.dir, 'chat_template.jinja'));
    }
  });

  it('at least 500 mutations were made, and both ends were met', () => {
    expect(tally.mutations).toBeGreaterThan(500);
    expect(tally.loaded).toBeGreaterThan(100);
    expect(tally.refused).toBeGreaterThan(300);
  });
});
