/** Parity with PyTorch on sharded bfloat16 models with PEFT LoRA adapters: plain scaling, and rank-stabilised. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { Model } from '../../services/compute/engine/model/model.ts';
import { adaptedModel } from '../../services/compute/engine/model/lora/adapted-model.ts';
import { openAdapter } from '../../services/compute/engine/model/lora/adapter-folder.ts';
import { openModelFolder } from '../../services/compute/engine/model/model-folder.ts';
import { sharedPath } from '../shared.ts';
import { expectGolden } from './against-golden.ts';
import { readGolden } from './golden.ts';

let gpu: Gpu;

beforeAll(async () => {
  gpu = await Gpu.open();
});

afterAll(() => {
  gpu.close();
});

const ADAPTED = ['llama3-rope', 'qwen2'].flatMap((model) =>
  ['adapter-qv', 'adapter-all'].map((adapter) => [model, adapter] as const),
);

describe.each(ADAPTED)('%s with %s against PyTorch', (name, adapter) => {
  it('gives losses, hidden states, logits and gradients, in one packed batch', async () => {
    const golden = await readGolden(`models/tiny-random/${name}.golden`);
    const folder = sharedPath(`models/tiny-random/${name}`);
    const lora = await openAdapter(`${folder}/${adapter}`);
    const model = await Model.load(gpu, adaptedModel(await openModelFolder(folder), lora));
    const cases = golden.cases.filter((one) => one.name.startsWith(`${adapter}/`));
    expect(cases.length).toBe(3);
    console.log(`${name}, ${adapter}: worst`, await expectGolden(model, golden, cases));
    model.close();
  });
});
