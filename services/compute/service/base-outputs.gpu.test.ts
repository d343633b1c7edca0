import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Arena } from '../engine/device/arena.ts';
import { Gpu } from '../engine/device/gpu.ts';
import { Recorder } from '../engine/device/recorder.ts';
import { Model } from '../engine/model/model.ts';
import { openModelFolder } from '../engine/model/model-folder.ts';
import { outputsOf } from './base-outputs.ts';

let gpu: Gpu;

beforeAll(async () => {
  gpu = await Gpu.open();
});

afterAll(() => {
  gpu.close();
});

it('says that it is the base which has no memory for its outputs', async () => {
  const source = await openModelFolder(fileURLToPath(new URL('../../../demo/base', import.meta.url)));
  const whole = await Model.load(gpu, source);
  const recorder = new Recorder(gpu);
  const arena = new Arena(gpu, { room: () => 1000, flush: () => undefined });
  const base = new Model(gpu, source.config, whole.weights, { recorder, arena });
  const prompt = { name: 'any', ids: [3, 4, 5] };
  expect(await outputsOf(whole, source, [prompt])).toHaveLength(1);
  await expect(outputsOf(base, source, [prompt])).rejects.toMatchObject({
    code: 'OUT_OF_MEMORY',
    message: expect.stringMatching(/^under the base model, activations need/) as string,
  });
  whole.close();
});
