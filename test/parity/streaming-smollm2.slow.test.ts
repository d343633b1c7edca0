/** A real model, SmolLM2-135M in float32, in a quarter of its weights' memory: the same signatures to the last bit. */
import { expect, it } from 'vitest';
import { loadModel } from '../../services/compute/engine/attribution/load-model.ts';
import { weightBytes } from '../../services/compute/engine/attribution/memory-plan.ts';
import { signatureBatches } from '../../services/compute/engine/attribution/signature-batches.ts';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import type { Model } from '../../services/compute/engine/model/model.ts';
import { openModel } from '../../services/compute/engine/model/open-model.ts';
import { Random } from '../../lib/random.ts';
import { sharedPath } from '../shared.ts';

it('gives the same in a quarter of the memory, a group of batches at a time', async () => {
  const gpu = await Gpu.open();
  try {
    const source = await openModel(sharedPath('models/smollm2-135m-instruct'), { quantized: 'widen' });
    const random = new Random(9);
    const samples = Array.from({ length: 6 }, (_, i) => ({
      name: `${i}`,
      inputIds: Array.from({ length: 20 + i }, () => random.int(source.config.vocabSize)),
      promptLength: 8,
    }));
    const sign = async (model: Model): Promise<unknown[]> => {
      const results: unknown[] = [];
      for await (const batch of signatureBatches(model, samples, { layers: [20] }, 50))
        results.push(...batch);
      model.close();
      return results;
    };
    const whole = await sign(await loadModel(gpu, source));
    const { total } = weightBytes(source);
    const model = await loadModel(gpu, source, { memory: Math.floor(total / 4) });
    expect(model.weights.streamed).toBe(true);
    expect(await sign(model)).toEqual(whole);
    expect(whole.some((result) => 'error' in (result as object))).toBe(false);
  } finally {
    gpu.close();
  }
});
