/**
 * Seeded mutations of a small GGUF file. Each must end in a model that loads, or in a ReptraceError: never in another
 * exception, a hang, or memory beyond the file's size.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReptraceError } from '../../../../../lib/errors.ts';
import { Random } from '../../../../../lib/random.ts';
import { sharedPath } from '../../../../../test/shared.ts';
import { openModel } from '../open-model.ts';

const MAX_MILLISECONDS = 2000;
const MAX_GROWTH_BYTES = 64 << 20;

let scratch: string;
let whole: Buffer;
let original: { digest: string; config: unknown };
/** Where the tensors' infos begin, and where their bytes do. */
let infos: number;
let data: number;
const tally = { loaded: 0, refused: 0 };

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'reptrace-gguf-fuzz-'));
  whole = await readFile(sharedPath('models/stories260K/stories260Ktok512.gguf'));
  data = 14_176;
  infos = whole.lastIndexOf('token_embd.weight', data) - 8;
  const outcome = await attempt(whole);
  if (!('digest' in outcome)) throw outcome.refused;
  original = outcome;
});
afterAll(() => rm(scratch, { recursive: true }));

type Outcome = { readonly digest: string; readonly config: unknown } | { readonly refused: ReptraceError };

async function attempt(content: Uint8Array): Promise<Outcome> {
  const path = join(scratch, 'm.gguf');
  await writeFile(path, content);
  const before = process.memoryUsage().arrayBuffers;
  const start = performance.now();
  let outcome: Outcome;
  try {
    const quantized = (tally.loaded + tally.refused) % 2 === 0 ? 'keep' : 'widen';
    const model = await openModel(path, { quantized });
    outcome = {
      digest: await model.loadWeights(() => undefined),
      config: [model.config, model.tokenizerDigest, model.tokenizer?.settings],
    };
  } catch (error) {
    // Anything but a ReptraceError is a crash, and fails the test with its own message.
    if (!(error instanceof ReptraceError)) throw error;
    expect(error.message.length).toBeLessThan(1500);
    expect(error.remedy).not.toBe('');
    outcome = { refused: error };
  }
  expect(performance.now() - start, 'a hang').toBeLessThan(MAX_MILLISECONDS);
  expect(process.memoryUsage().arrayBuffers - before, 'memory').toBeLessThan(MAX_GROWTH_BYTES);
  if ('refused' in outcome) tally.refused++;
  else tally.loaded++;
  return outcome;
}

function flipped(random: Random, from: number, to: number): Buffer {
  const bytes = Buffer.from(whole);
  bytes[from + random.int(to - from)] ^= 1 << random.int(8);
  return bytes;
}

describe('a mutated GGUF file', () => {
  it('cut off or continued, is refused', async () => {
    const random = new Random(21);
    for (let i = 0; i < 60; i++) {
      const size = random.int(i % 2 === 0 ? data : whole.byteLength);
      const content =
        i % 5 === 4 ? Buffer.concat([whole, Buffer.alloc(32 + random.int(64))]) : whole.subarray(0, size);
      expect(await attempt(content), `mutation ${i}`).toHaveProperty('refused');
    }
  });

  it('with a flipped bit among the weights, has another digest, or holds no finite number', async () => {
    const random = new Random(22);
    for (let i = 0; i < 40; i++) {
      const outcome = await attempt(flipped(random, data, whole.byteLength));
      if ('digest' in outcome) expect(outcome.digest, `mutation ${i}`).not.toBe(original.digest);
      else expect(outcome.refused.code).toBe('WEIGHTS_NOT_FINITE');
    }
  });

  it('with a flipped bit in a tensor’s info, is refused', async () => {
    const random = new Random(23);
    for (let i = 0; i < 100; i++) {
      // The padding after the infos is not read: 32 bytes at most.
      expect(await attempt(flipped(random, infos, data - 32)), `mutation ${i}`).toHaveProperty('refused');
    }
  });

  it('with flipped bits in its metadata, is refused, or is the same model or one with another digest', async () => {
    const random = new Random(24);
    for (let i = 0; i < 100; i++) {
      // Half of them where the config is: after the vocabulary. What counts is the config, and the tokenizer.
      const from = i % 2 === 0 ? 0 : whole.indexOf('tokenizer.ggml.model');
      const outcome = await attempt(flipped(random, from, infos));
      if (!('digest' in outcome)) continue;
      const same = JSON.stringify(outcome.config) === JSON.stringify(original.config);
      expect(outcome.digest === original.digest, `mutation ${i}`).toBe(same);
    }
  });

  it('with noise in place of any eight bytes of its header, is refused or loads', async () => {
    const random = new Random(25);
    const lies = [0n, 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
    for (let i = 0; i < 100; i++) {
      const bytes = Buffer.from(whole);
      const at = i < 40 ? 4 + i : random.int(data - 8);
      bytes.writeBigUInt64LE(random.pick(lies), at);
      await attempt(bytes);
    }
  });

  it('400 times, met both ends', () => {
    expect(tally.loaded + tally.refused).toBeGreaterThanOrEqual(400);
    expect(tally.loaded).toBeGreaterThan(50);
    expect(tally.refused).toBeGreaterThan(200);
  });
});
