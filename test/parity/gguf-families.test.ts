/**
 * GGUF files of every architecture, as llama.cpp's converter makes them of the randomly initialised models, against the
 * folders that they are made of: which are held to PyTorch in tiny-random.test.ts.
 */
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sample } from '../../services/compute/engine/attribution/sample.ts';
import { signaturesOfBatch } from '../../services/compute/engine/attribution/signature.ts';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import type { DType } from '../../services/compute/engine/model/dtype.ts';
import { convertedParts, withMetadata } from '../../services/compute/engine/model/gguf/converter-testing.ts';
import { writeGguf } from '../../services/compute/engine/model/gguf/testing.ts';
import { Model } from '../../services/compute/engine/model/model.ts';
import { openModelFolder } from '../../services/compute/engine/model/model-folder.ts';
import type { ModelSource } from '../../services/compute/engine/model/model-source.ts';
import { openModel } from '../../services/compute/engine/model/open-model.ts';
import { sharedPath } from '../shared.ts';
import { readGolden } from './golden.ts';

let gpu: Gpu;
let folder: string;

beforeAll(async () => {
  gpu = await Gpu.open();
  folder = await mkdtemp(join(tmpdir(), 'reptrace-gguf-families-'));
});

afterAll(async () => {
  gpu.close();
  await rm(folder, { recursive: true });
});

/** Matrices in the precision of the folder's. `beside`: config.json says what the converter leaves out. */
const MODELS: readonly {
  readonly name: string;
  readonly dtype: DType;
  readonly beside?: true;
  readonly change?: Readonly<Record<string, unknown>>;
}[] = [
  { name: 'llama', dtype: 'F32' },
  { name: 'llama3-rope', dtype: 'BF16', beside: true },
  { name: 'llama-linear-rope', dtype: 'F16' },
  { name: 'mistral', dtype: 'BF16', change: { 'llama.attention.sliding_window': 12 } },
  { name: 'mistral', dtype: 'BF16', beside: true },
  { name: 'qwen2', dtype: 'BF16' },
  { name: 'qwen2-yarn', dtype: 'F32' },
  { name: 'qwen3', dtype: 'BF16' },
  { name: 'olmo2', dtype: 'F32' },
  { name: 'gemma2', dtype: 'BF16' },
  { name: 'phi3', dtype: 'BF16' },
  { name: 'gpt-neox', dtype: 'F16' },
  { name: 'gpt2', dtype: 'F32' },
];

async function signatures(
  source: ModelSource,
  samples: readonly Sample[],
): ReturnType<typeof signaturesOfBatch> {
  const model = await Model.load(gpu, source);
  const layers = Array.from({ length: model.config.layers + 1 }, (_, layer) => layer);
  const results = await signaturesOfBatch(model, samples, {
    layers,
    tokenGradients: true,
    allPositions: true,
  });
  model.close();
  expect(results.some((result) => 'error' in result)).toBe(false);
  return results;
}

describe.each(MODELS)('$name as GGUF ($dtype)', ({ name, dtype, beside, change = {} }) => {
  it('gives the same signatures as its safetensors folder, to the last bit', async () => {
    const original = sharedPath(`models/tiny-random/${name}`);
    const dir = await mkdtemp(join(folder, `${name}-`));
    const parts = withMetadata(await convertedParts(original, dtype), change);
    await writeFile(join(dir, 'model.gguf'), writeGguf(parts));
    if (beside === true) await copyFile(join(original, 'config.json'), join(dir, 'config.json'));
    const samples = (await readGolden(`models/tiny-random/${name}.golden`)).cases
      .filter((one) => !one.name.includes('/'))
      .map((one) => ({ name: one.name, inputIds: one.input_ids, promptLength: one.prompt_length }));
    expect(samples.length).toBeGreaterThan(1);
    const found = await signatures(await openModel(dir, { quantized: 'keep' }), samples);
    expect(found).toEqual(await signatures(await openModelFolder(original), samples));
  });
});
