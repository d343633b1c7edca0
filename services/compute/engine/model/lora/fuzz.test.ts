/**
 * Seeded mutations of an adapter folder. Each must end in a named error, or in a model that loads and whose digest says
 * honestly whether it is another one: never in another exception or a hang.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReptraceError } from '../../../../../lib/errors.ts';
import { Random } from '../../../../../lib/random.ts';
import { sharedPath } from '../../../../../test/shared.ts';
import { openModelFolder } from '../model-folder.ts';
import type { ModelSource } from '../model-source.ts';
import { adaptedModel } from './adapted-model.ts';
import { openAdapter } from './adapter-folder.ts';

const MODEL = 'models/tiny-random/llama3-rope';
const CONFIG = 'adapter_config.json';
const WEIGHTS = 'adapter_model.safetensors';
const FILES = [CONFIG, WEIGHTS] as const;
const MAX_MILLISECONDS = 2000;

type Outcome = { readonly digest: string; readonly scale: number } | { readonly refused: ReptraceError };

let base: ModelSource;
let dir: string;
let whole: Outcome;
const original = new Map<string, Buffer>();
const tally = { loaded: 0, refused: 0 };

beforeAll(async () => {
  base = await openModelFolder(sharedPath(MODEL));
  dir = await mkdtemp(join(tmpdir(), 'reptrace-lora-fuzz-'));
  for (const name of FILES) {
    original.set(name, await readFile(sharedPath(`${MODEL}/adapter-all/${name}`)));
    await writeFile(join(dir, name), bytesOf(name));
  }
  whole = await attempt(CONFIG, bytesOf(CONFIG));
  expect(whole).toHaveProperty('digest');
});
afterAll(() => rm(dir, { recursive: true }));

function bytesOf(name: string): Buffer {
  return Buffer.from(original.get(name) ?? '');
}

async function attempt(file: string, content: Uint8Array): Promise<Outcome> {
  await writeFile(join(dir, file), content);
  const start = performance.now();
  try {
    const adapter = await openAdapter(dir);
    const digest = await adaptedModel(base, adapter).loadWeights();
    tally.loaded++;
    return { digest, scale: adapter.config.scale };
  } catch (error) {
    // Anything but a ReptraceError is a crash, and fails the test with its own message.
    if (!(error instanceof ReptraceError)) throw error;
    expect(error.message.length).toBeLessThan(1500);
    expect(error.remedy).not.toBe('');
    tally.refused++;
    return { refused: error };
  } finally {
    expect(performance.now() - start, 'a hang').toBeLessThan(MAX_MILLISECONDS);
    await writeFile(join(dir, file), bytesOf(file));
  }
}

function flipBit(bytes: Buffer, random: Random, from: number, to: number): Buffer {
  bytes[from + random.int(to - from)] ^= 1 << random.int(8);
  return bytes;
}

function dataStart(file: Buffer): number {
  return 8 + Number(file.readBigUInt64LE(0));
}

const HOSTILE: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1, 3, 0.5, 2 ** 31, 2 ** 53, 1e308],
  ...['', 'x', '__proto__', '\ud800', '(a+)+$', 'all-linear', 'a'.repeat(100_000)],
  ...[[], {}, [null], [[]], ['q_proj'], ['q_proj', 'lm_head'], [0, 1], { q_proj: 2 }, { length: 1e9 }],
];

describe('mutated adapters', () => {
  it(`${CONFIG}: is refused, or is the same adapter, or one of another scale`, async () => {
    const random = new Random(31);
    for (let i = 0; i < 160; i++) {
      let content = bytesOf(CONFIG);
      if (i % 8 === 0) content = content.subarray(0, random.int(content.byteLength));
      else if (i % 2 === 0) flipBit(content, random, 0, content.byteLength);
      else {
        const fields = JSON.parse(content.toString()) as Record<string, unknown>;
        const key = random.pick(Object.keys(fields));
        if (random.int(4) === 0) Reflect.deleteProperty(fields, key);
        else fields[key] = random.pick(HOSTILE);
        content = Buffer.from(JSON.stringify(fields));
      }
      const outcome = await attempt(CONFIG, content);
      if (!('digest' in outcome) || !('digest' in whole)) continue;
      expect(outcome.digest === whole.digest, `mutation ${i}`).toBe(outcome.scale === whole.scale);
    }
  });

  it(`${WEIGHTS}: a damaged header is refused, or the damage was in what does not count`, async () => {
    const random = new Random(32);
    for (let i = 0; i < 120; i++) {
      let content = bytesOf(WEIGHTS);
      if (i % 6 === 0) content = content.subarray(0, random.int(content.byteLength));
      else if (i % 6 === 1) flipBit(content, random, 0, 8);
      else flipBit(content, random, 8, dataStart(content));
      const outcome = await attempt(WEIGHTS, content);
      if ('digest' in outcome) expect(outcome, `mutation ${i}`).toEqual(whole);
    }
  });

  it(`${WEIGHTS}: a header that leaves out, renames, reshapes or adds a tensor is refused`, async () => {
    const random = new Random(33);
    type Entry = Record<string, unknown>;
    const lies: ((all: Record<string, Entry>, name: string) => void)[] = [
      (all, name) => Reflect.deleteProperty(all, name),
      (all, name) => {
        all[name.replace(/_[AB]\./, '_C.')] = all[name] ?? {};
        Reflect.deleteProperty(all, name);
      },
      (all, name) => {
        all[name.replace(/layers\.\d/, 'layers.7')] = all[name] ?? {};
        Reflect.deleteProperty(all, name);
      },
      (all, name) => (all[name] = { ...all[name], shape: (all[name]?.['shape'] as number[]).toReversed() }),
      (all, name) => (all[name] = { ...all[name], dtype: 'F16' }),
      (all) => (all['__proto__x'] = { dtype: 'F32', shape: [0], data_offsets: [0, 0] }),
    ];
    for (let i = 0; i < 60; i++) {
      const content = bytesOf(WEIGHTS);
      const all = JSON.parse(content.toString('utf8', 8, dataStart(content))) as Record<string, Entry>;
      lies[i % lies.length]?.(all, random.pick(Object.keys(all).filter((key) => key !== '__metadata__')));
      const json = Buffer.from(JSON.stringify(all));
      const size = Buffer.alloc(8);
      size.writeBigUInt64LE(BigInt(json.byteLength));
      const file = Buffer.concat([size, json, content.subarray(dataStart(content))]);
      expect(await attempt(WEIGHTS, file), `mutation ${i}`).toHaveProperty('refused');
    }
  });

  it(`${WEIGHTS}: a flipped bit of a factor changes the digest, or is no finite number`, async () => {
    const random = new Random(34);
    for (let i = 0; i < 40; i++) {
      const content = bytesOf(WEIGHTS);
      const outcome = await attempt(
        WEIGHTS,
        flipBit(content, random, dataStart(content), content.byteLength),
      );
      if ('refused' in outcome) expect(outcome.refused.code).toBe('WEIGHTS_NOT_FINITE');
      else if ('digest' in whole) expect(outcome.digest, `mutation ${i}`).not.toBe(whole.digest);
    }
  });

  it('both ends were met often', () => {
    expect(tally.loaded).toBeGreaterThan(50);
    expect(tally.refused).toBeGreaterThan(150);
  });
});
