/**
 * Seeded mutations of what files of every architecture say: their metadata and their tensors' names. Each must end in a
 * model that loads, or in a ReptraceError: never in another exception, a hang, or memory beyond the file's size.
 */
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReptraceError } from '../../../../../../lib/errors.ts';
import { Random } from '../../../../../../lib/random.ts';
import { sharedPath } from '../../../../../../test/shared.ts';
import { openModel } from '../../open-model.ts';
import { convertedParts, entry, withMetadata } from '../converter-testing.ts';
import { f32, text, u32, u64, writeGguf, type GgufParts } from '../testing.ts';
import { ARCHITECTURES } from './architectures.ts';

const MAX_MILLISECONDS = 2000;
const MAX_GROWTH_BYTES = 64 << 20;
const MODELS = ['llama', 'mistral', 'qwen2-yarn', 'qwen3', 'olmo2', 'gemma2', 'phi3', 'gpt-neox', 'gpt2'];
const MUTATIONS = 14;

let scratch: string;
const tally = { loaded: 0, refused: 0 };
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'reptrace-architectures-fuzz-'));
});
afterAll(() => rm(scratch, { recursive: true }));

type Entry = NonNullable<GgufParts['metadata']>[number];
type Tensors = NonNullable<GgufParts['tensors']>;

/** Types and values that no number of a config should be. */
const HOSTILE: readonly Omit<Entry, 'key'>[] = [
  ...[0, 1, 3, 46, 2 ** 24, 2 ** 31, 2 ** 32 - 1].map((value) => ({ as: 4, value: u32(value) })),
  { as: 5, value: u32(2 ** 32 - 1) },
  ...[NaN, Infinity, -1, 0, 0.5, 1e-45, 1e38, 7.3].map((value) => ({ as: 6, value: f32(value) })),
  ...[0, 1, 2].map((value) => ({ as: 7, value: Uint8Array.of(value) })),
  ...['', 'yarn', 'linear', 'longrope', 'none', '__proto__'].map((value) => ({ as: 8, value: text(value) })),
  { as: 9, value: Buffer.concat([u32(4), u64(2), u32(6), u32(6)]) },
  { as: 9, value: Buffer.concat([u32(4), u64(2 ** 40)]) },
  { as: 10, value: u64(2n ** 64n - 1n) },
  { as: 11, value: u64(2n ** 63n) },
  { as: 77, value: u32(0) },
];

const SUFFIXES = [
  ...new Set(ARCHITECTURES.flatMap(({ keys, neutral }) => [...keys, ...Object.keys(neutral)])),
  ...['expert_weights_scale', 'constructor', '', 'attention.scale', 'rope.dimension_sections'],
];

function mutated(random: Random, parts: GgufParts): GgufParts {
  const entries = [...(parts.metadata ?? [])];
  const tensors = [...(parts.tensors ?? [])];
  const architecture = Buffer.from(entries[0]?.value.subarray(8) ?? []).toString();
  const [at, other] = [random.int(tensors.length), random.int(tensors.length)];
  const [one, two] = [tensors[at], tensors[other]];
  const chosen = random.int(entries.length);
  const renamed = (tensor: Tensors[number] | undefined, name = ''): Tensors =>
    tensor === undefined ? [] : [{ ...tensor, name }];
  switch (random.int(8)) {
    case 0:
      return { ...parts, metadata: entries.filter((_, i) => i !== chosen) };
    case 1:
      return withMetadata(parts, { 'general.architecture': random.pick(ARCHITECTURES).name });
    case 2:
      tensors.splice(
        at,
        1,
        ...renamed(one, two?.name),
        ...renamed(two, one?.name).slice(at === other ? 0 : 1),
      );
      return { ...parts, tensors };
    case 3:
      tensors.splice(at, 1, ...renamed(one, one?.name.replace(/\d+/, `${random.int(6)}`)));
      return { ...parts, tensors };
    case 4: {
      const [begin = entry('x', 0)] = entries.slice(chosen);
      entries.splice(chosen, 1, { ...begin, ...random.pick(HOSTILE) });
      return { ...parts, metadata: entries };
    }
    default: {
      const key = `${architecture}.${random.pick(SUFFIXES)}`;
      const kept = entries.filter((one) => one.key !== key);
      return { ...parts, metadata: [...kept, { key, ...random.pick(HOSTILE) }] };
    }
  }
}

async function attempt(parts: GgufParts): Promise<{ digest: string; config: string } | ReptraceError> {
  const path = join(scratch, 'm.gguf');
  await writeFile(path, writeGguf(parts));
  const before = process.memoryUsage().arrayBuffers;
  const start = performance.now();
  let outcome: { digest: string; config: string } | ReptraceError;
  try {
    const model = await openModel(path, { quantized: 'keep' });
    outcome = { digest: await model.loadWeights(() => undefined), config: JSON.stringify(model.config) };
  } catch (error) {
    // Anything but a ReptraceError is a crash, and fails the test with its own message.
    if (!(error instanceof ReptraceError)) throw error;
    expect(error.message.length).toBeLessThan(1500);
    expect(error.remedy).not.toBe('');
    outcome = error;
  }
  expect(performance.now() - start, 'a hang').toBeLessThan(MAX_MILLISECONDS);
  expect(process.memoryUsage().arrayBuffers - before, 'memory').toBeLessThan(MAX_GROWTH_BYTES);
  if (outcome instanceof ReptraceError) tally.refused++;
  else tally.loaded++;
  return outcome;
}

describe.each([false, true])('mutated metadata and names, with config.json beside: %s', (beside) => {
  it.each(MODELS)('of %s are refused, or load with a digest of their own', async (name) => {
    const folder = sharedPath(`models/tiny-random/${name}`);
    const parts = await convertedParts(folder, 'F16');
    if (beside) await copyFile(join(folder, 'config.json'), join(scratch, 'config.json'));
    const original = await attempt(parts);
    if (original instanceof ReptraceError) throw original;
    const random = new Random(MODELS.indexOf(name) + (beside ? 100 : 1));
    for (let i = 0; i < MUTATIONS; i++) {
      const change = mutated(random, parts);
      const outcome = await attempt(change);
      if (outcome instanceof ReptraceError) continue;
      const sameTensors = change.tensors === parts.tensors;
      const same = sameTensors && outcome.config === original.config;
      if (sameTensors) expect(outcome.digest === original.digest, `mutation ${i}`).toBe(same);
    }
    await rm(join(scratch, 'config.json'), { force: true });
  });
});

it('some 250 times, met both ends', () => {
  expect(tally.loaded + tally.refused).toBeGreaterThanOrEqual(2 * MODELS.length * MUTATIONS);
  expect(tally.loaded).toBeGreaterThan(2 * MODELS.length + 20);
  expect(tally.refused).toBeGreaterThan(120);
});
