/** Every variant of the kernels that the adapter can run, forced in turn: a whole model beside PyTorch. */
import { beforeAll, describe, it } from 'vitest';
import { Gpu, type GpuOptions } from '../../services/compute/engine/device/gpu.ts';
import { ATTENTION_VARIANTS } from '../../services/compute/engine/kernels/attention-choice.ts';
import { LINEAR_VARIANTS } from '../../services/compute/engine/kernels/linear-choice.ts';
import { Model } from '../../services/compute/engine/model/model.ts';
import { openModelFolder } from '../../services/compute/engine/model/model-folder.ts';
import { sharedPath } from '../shared.ts';
import { expectGolden, LIMITS } from './against-golden.ts';
import { readGolden, type Golden } from './golden.ts';

const MODEL = 'models/tiny-random/llama';

/**
 * Of `mixed` numbers: each linear layer's sums are off by about 2^-11 (linear-variants.gpu.test.ts), at random; a residual stream
 * of a dozen of them by three to four times that, and a gradient has gone through twice as many.
 */
const MIXED: typeof LIMITS = { loss: 2e-3, nll: 4e-3, hidden: 4e-3, gradient: 1e-2, logits: 4e-3 };

let golden: Golden;
let report: Gpu['report'];

beforeAll(async () => {
  golden = await readGolden(`${MODEL}.golden`);
  // With all that the adapter has.
  const gpu = await Gpu.open({ numbers: 'mixed' });
  report = gpu.report;
  gpu.close();
});

async function expectParity(options: GpuOptions, limits: typeof LIMITS): Promise<void> {
  const gpu = await Gpu.open(options);
  try {
    const model = await Model.load(gpu, await openModelFolder(sharedPath(MODEL)));
    const cases = golden.cases.filter((one) => !one.name.includes('/'));
    console.log('worst over all cases and layers', await expectGolden(model, golden, cases, limits));
    model.close();
  } finally {
    gpu.close();
  }
}

describe('a model against PyTorch', () => {
  it.each(LINEAR_VARIANTS)('with linear layers by $name', async (variant) => {
    // What an adapter cannot run is named in the tests of the kernels.
    if (variant.runsOn(report)) {
      await expectParity({ linear: variant.name }, variant.numbers === 'mixed' ? MIXED : LIMITS);
    }
  });

  it.each(ATTENTION_VARIANTS)('with attention by $name', async (variant) => {
    if (variant.runsOn(report)) await expectParity({ attention: variant.name }, LIMITS);
  });
});
