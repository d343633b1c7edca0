/** The GGUF file of stories260K (float32, rows in llama.cpp's rotary order) against its Hugging Face folder. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { signaturesOfBatch } from '../../services/compute/engine/attribution/signature.ts';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { Llama } from '../../services/compute/engine/model/llama.ts';
import { openModel } from '../../services/compute/engine/model/open-model.ts';
import { sharedPath } from '../shared.ts';
import { readGolden } from './golden.ts';

let gpu: Gpu;

beforeAll(async () => {
  gpu = await Gpu.open();
});

afterAll(() => {
  gpu.close();
});

it('a GGUF file gives the same signatures as the folder it was made of, to the last bit', async () => {
  const { cases } = await readGolden('golden/stories260K');
  const samples = cases.map(({ name, input_ids, prompt_length }) => {
    return { name, inputIds: input_ids, promptLength: prompt_length };
  });
  const run = async (path: string): ReturnType<typeof signaturesOfBatch> => {
    const model = await Llama.load(gpu, await openModel(sharedPath(path)));
    const options = { layers: [0, 1, 2, 3, 4, 5], tokenGradients: true, allPositions: true };
    const results = await signaturesOfBatch(model, samples, options);
    model.close();
    return results;
  };
  const folder = await run('models/stories260K/hf');
  const gguf = await run('models/stories260K/stories260Ktok512.gguf');
  expect(folder.some((result) => 'error' in result)).toBe(false);
  expect(gguf).toEqual(folder);
});
