/** The GGUF file of stories260K (float32, rows in llama.cpp's rotary order) against its Hugging Face folder. */
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Sample } from '../../services/compute/engine/attribution/sample.ts';
import { signaturesOfBatch } from '../../services/compute/engine/attribution/signature.ts';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { Model } from '../../services/compute/engine/model/model.ts';
import { openModel } from '../../services/compute/engine/model/open-model.ts';
import { renderSample } from '../../services/compute/engine/model/render.ts';
import { sharedPath } from '../shared.ts';
import { readGolden } from './golden.ts';

const HF = sharedPath('models/stories260K/hf');
const GGUF = sharedPath('models/stories260K/stories260Ktok512.gguf');

let gpu: Gpu;
let folder: string;

beforeAll(async () => {
  gpu = await Gpu.open();
  folder = await mkdtemp(join(tmpdir(), 'reptrace-gguf-stories-'));
});

afterAll(async () => {
  gpu.close();
  await rm(folder, { recursive: true });
});

async function samples(): Promise<Sample[]> {
  return (await readGolden('golden/stories260K')).cases.map(({ name, input_ids, prompt_length }) => {
    return { name, inputIds: input_ids, promptLength: prompt_length };
  });
}

async function signatures(path: string, some: readonly Sample[]): ReturnType<typeof signaturesOfBatch> {
  const model = await Model.load(gpu, await openModel(path));
  const options = { layers: [0, 1, 2, 3, 4, 5], tokenGradients: true, allPositions: true };
  const results = await signaturesOfBatch(model, some, options);
  model.close();
  expect(results.some((result) => 'error' in result)).toBe(false);
  return results;
}

it('a GGUF file alone gives the same signatures as the folder that it was made of, to the last bit', async () => {
  // This file claims a context of 128 tokens.
  const short = (await samples()).filter(({ inputIds }) => inputIds.length <= 128);
  expect(short.length).toBeGreaterThan(3);
  expect(await signatures(GGUF, short)).toEqual(await signatures(HF, short));
});

it('with config.json and the tokenizer beside it, it takes all cases, and renders text to the same ids', async () => {
  await copyFile(GGUF, join(folder, 'model.gguf'));
  for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json'])
    await copyFile(join(HF, name), join(folder, name));
  const all = await samples();
  expect(await signatures(folder, all)).toEqual(await signatures(HF, all));

  const source = await openModel(folder);
  for (const { name, prompt = '', response = '', input_ids } of (await readGolden('golden/stories260K'))
    .cases)
    expect(renderSample(source, { prompt, response }).inputIds, name).toEqual(input_ids);
});
