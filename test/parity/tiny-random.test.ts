/** Parity with PyTorch on randomly initialised Llama models: float32, and sharded bfloat16 with llama3 rotary scaling. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allLogits } from '../../services/compute/engine/attribution/logits.ts';
import { signaturesOfBatch } from '../../services/compute/engine/attribution/signature.ts';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { Model } from '../../services/compute/engine/model/model.ts';
import { openModelFolder } from '../../services/compute/engine/model/model-folder.ts';
import { expectClose } from '../closeness.ts';
import { sharedPath } from '../shared.ts';
import { readGolden, rowsOf } from './golden.ts';

let gpu: Gpu;

beforeAll(async () => {
  gpu = await Gpu.open();
});

afterAll(() => {
  gpu.close();
});

describe.each(['llama', 'llama3-rope', 'llama-linear-rope'])('%s against PyTorch', (name) => {
  // Cases with an adapter are in adapters.test.ts: their names begin with the adapter's folder.
  it('gives losses, hidden states, logits and gradients, in one packed batch', async () => {
    const golden = await readGolden(`models/tiny-random/${name}.golden`);
    const model = await Model.load(gpu, await openModelFolder(sharedPath(`models/tiny-random/${name}`)));
    const layers = Array.from({ length: model.config.layers + 1 }, (_, layer) => layer);
    const cases = golden.cases.filter((one) => !one.name.includes('/'));
    const samples = cases.map((one) => ({
      name: one.name,
      inputIds: one.input_ids,
      promptLength: one.prompt_length,
    }));
    const results = await signaturesOfBatch(model, samples, {
      layers,
      tokenGradients: true,
      allPositions: true,
    });
    for (const [i, result] of results.entries()) {
      if ('error' in result) throw result.error;
      const entry = cases[i];
      const at = `${name}, case ${result.sample.name}`;
      expect(Math.abs(result.loss - (entry?.loss ?? NaN)), `${at}: loss`).toBeLessThanOrEqual(1e-5);
      expectClose(`${at}: nll`, result.nll, golden.tensor(`${result.sample.name}/nll`).values, 2e-5);
      for (const [layer, part] of result.layers) {
        const hidden = rowsOf(golden.tensor(`${result.sample.name}/hidden`), layer);
        const gradient = rowsOf(golden.tensor(`${result.sample.name}/gradient`), layer);
        expectClose(`${at}, layer ${layer}: hidden states`, part.hiddenAll ?? [], hidden, 2e-5);
        expectClose(`${at}, layer ${layer}: gradients`, part.tokenGradients ?? [], gradient, 2e-4);
      }
      const logits = await allLogits(model, result.sample);
      expectClose(`${at}: logits`, logits, golden.tensor(`${result.sample.name}/logits`).values, 2e-5);
    }
    model.close();
  });
});

describe('a model whose weights are larger than a binding', () => {
  it('is split by rows and gives the same', async () => {
    const folder = await openModelFolder(sharedPath('models/tiny-random/llama'));
    const samples = [
      { name: 'a', inputIds: [3, 150, 77, 20, 41, 9, 100], promptLength: 3 },
      { name: 'b', inputIds: [5, 6, 7], promptLength: 1 },
    ];
    const whole = await Model.load(gpu, folder);
    // 48 float32 columns: at most 20 rows a part, so that every matrix has several, and the last a rest.
    const split = await Model.load(gpu, folder, { bindingLimit: 20 * 48 * 4 });
    expect(split.weights.embedding.parts.length).toBe(8);
    expect(split.digest).toBe(whole.digest);
    const options = { layers: [0, 2, 4], tokenGradients: true };
    const [one, other] = [
      await signaturesOfBatch(whole, samples, options),
      await signaturesOfBatch(split, samples, options),
    ];
    for (const [i, a] of one.entries()) {
      const b = other[i];
      if (b === undefined || 'error' in a || 'error' in b) throw new Error('a sample has no signature');
      expect(b.loss).toBeCloseTo(a.loss, 6);
      for (const [layer, part] of a.layers) {
        const found = b.layers.get(layer);
        expectClose(`layer ${layer}: hidden`, found?.hidden ?? [], part.hidden, 1e-6);
        expectClose(
          `layer ${layer}: token gradients`,
          found?.tokenGradients ?? [],
          part.tokenGradients ?? [],
          1e-5,
        );
      }
    }
    whole.close();
    split.close();
  });
});
