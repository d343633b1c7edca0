/**
 * A real adapter on a real model: SmolLM2-135M (Q4_1) and the LoRA adapter that was trained on it with poison. What the
 * adapter taught, log p_tuned - log p_base of each response token, against PyTorch's record, whose products were bfloat16.
 */
import { describe, expect, it } from 'vitest';
import { withGpu, withModel } from '../../cli/resources.ts';
import type { Sample } from '../../services/compute/engine/attribution/sample.ts';
import { signaturesOfBatch } from '../../services/compute/engine/attribution/signature.ts';
import type { Model } from '../../services/compute/engine/model/model.ts';
import { renderSample } from '../../services/compute/engine/model/render.ts';
import { sharedJson, sharedPath } from '../shared.ts';

interface Taught {
  readonly outputs: readonly {
    readonly prompt: string;
    readonly response: string;
    readonly ratio: readonly number[];
  }[];
}

const SAMPLES = 8;

async function nllOf(model: Model, samples: readonly Sample[]): Promise<Float64Array[]> {
  return (await signaturesOfBatch(model, samples, { layers: [] })).map((result) => {
    if ('error' in result) throw result.error;
    return result.nll;
  });
}

describe('what the factual-Ag adapter taught SmolLM2-135M', () => {
  it('is what PyTorch recorded, within the rounding of its bfloat16 products', async () => {
    const { outputs } = (await sharedJson('models/adapters/factual-Ag/taught.json')) as Taught;
    const model = sharedPath('models/smollm2-135m-instruct');
    const adapter = sharedPath('models/adapters/factual-Ag');
    const some = outputs.slice(0, SAMPLES);
    const [base, tuned] = await withGpu(async (gpu) => {
      const samples: Sample[] = [];
      const before = await withModel(gpu, { model }, (llama, source) => {
        samples.push(...some.map((output, i) => ({ name: `output ${i}`, ...renderSample(source, output) })));
        return nllOf(llama, samples);
      });
      return [before, await withModel(gpu, { model, adapter }, (llama) => nllOf(llama, samples))];
    });
    const gaps = some.flatMap(({ ratio }, i) => {
      expect(tuned[i].length).toBe(ratio.length);
      return ratio.map((recorded, t) => Math.abs(base[i][t] - tuned[i][t] - recorded));
    });
    const rootMeanSquare = Math.sqrt(gaps.reduce((sum, gap) => sum + gap * gap, 0) / gaps.length);
    // Ratios reach 17; bfloat16 keeps 8 bits of each factor.
    expect(Math.max(...gaps)).toBeLessThan(0.4);
    expect(rootMeanSquare).toBeLessThan(0.1);
  });
});
