/** Parity with PyTorch on a sharded bfloat16 model with PEFT LoRA adapters: plain scaling, and rank-stabilised. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allLogits } from '../../services/compute/engine/attribution/logits.ts';
import { signaturesOfBatch } from '../../services/compute/engine/attribution/signature.ts';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { Model } from '../../services/compute/engine/model/model.ts';
import { adaptedModel } from '../../services/compute/engine/model/lora/adapted-model.ts';
import { openAdapter } from '../../services/compute/engine/model/lora/adapter-folder.ts';
import { openModelFolder } from '../../services/compute/engine/model/model-folder.ts';
import { expectClose } from '../closeness.ts';
import { sharedPath } from '../shared.ts';
import { readGolden, rowsOf } from './golden.ts';

const MODEL = 'models/tiny-random/llama3-rope';
let gpu: Gpu;

beforeAll(async () => {
  gpu = await Gpu.open();
});

afterAll(() => {
  gpu.close();
});

describe.each(['adapter-qv', 'adapter-all'])('llama3-rope with %s against PyTorch', (name) => {
  it('gives losses, hidden states, logits and gradients, in one packed batch', async () => {
    const golden = await readGolden(`${MODEL}.golden`);
    const adapter = await openAdapter(sharedPath(`${MODEL}/${name}`));
    const model = await Model.load(gpu, adaptedModel(await openModelFolder(sharedPath(MODEL)), adapter));
    const layers = Array.from({ length: model.config.layers + 1 }, (_, layer) => layer);
    const cases = golden.cases.filter((one) => one.name.startsWith(`${name}/`));
    expect(cases.length).toBe(3);
    const samples = cases.map((one) => {
      return { name: one.name, inputIds: one.input_ids, promptLength: one.prompt_length };
    });
    const options = { layers, tokenGradients: true, allPositions: true };
    const results = await signaturesOfBatch(model, samples, options);
    const worst = { loss: 0, hidden: 0, gradient: 0, logits: 0 };
    const note = (what: keyof typeof worst, error: number): void => {
      worst[what] = Math.max(worst[what], error);
    };
    for (const [i, result] of results.entries()) {
      if ('error' in result) throw result.error;
      const at = result.sample.name;
      const loss = Math.abs(result.loss - (cases[i]?.loss ?? NaN));
      expect(loss, `${at}: loss`).toBeLessThanOrEqual(1e-5);
      note('loss', loss);
      expectClose(`${at}: nll`, result.nll, golden.tensor(`${at}/nll`).values, 2e-5);
      for (const [layer, part] of result.layers) {
        const hidden = rowsOf(golden.tensor(`${at}/hidden`), layer);
        const gradient = rowsOf(golden.tensor(`${at}/gradient`), layer);
        note('hidden', expectClose(`${at}, layer ${layer}: hidden`, part.hiddenAll ?? [], hidden, 2e-5));
        note(
          'gradient',
          expectClose(`${at}, layer ${layer}: gradients`, part.tokenGradients ?? [], gradient, 2e-4),
        );
      }
      const logits = await allLogits(model, result.sample);
      note('logits', expectClose(`${at}: logits`, logits, golden.tensor(`${at}/logits`).values, 2e-5));
    }
    console.log(`${name}: worst over all cases and layers`, worst);
    model.close();
  });
});
