/** Parity with PyTorch on a randomly initialised model of every family. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signaturesOfBatch } from '../../services/compute/engine/attribution/signature.ts';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { Model } from '../../services/compute/engine/model/model.ts';
import { openModelFolder } from '../../services/compute/engine/model/model-folder.ts';
import { expectClose } from '../closeness.ts';
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

/** Every family, in float32, float16 and bfloat16, sharded and not, with old and new spellings of the config. */
const MODELS = [
  'llama',
  'llama3-rope',
  'llama-linear-rope',
  'mistral',
  'qwen2',
  'qwen2-yarn',
  'qwen3',
  'olmo2',
  'gemma2',
  'phi3',
  'gpt-neox',
  'gpt2',
];

describe.each(MODELS)('%s against PyTorch', (name) => {
  // Cases with an adapter are in adapters.test.ts: their names begin with the adapter's folder.
  it('gives losses, hidden states, logits and gradients, in one packed batch', async () => {
    const golden = await readGolden(`models/tiny-random/${name}.golden`);
    const model = await Model.load(gpu, await openModelFolder(sharedPath(`models/tiny-random/${name}`)));
    const cases = golden.cases.filter((one) => !one.name.includes('/'));
    expect(cases.length).toBeGreaterThan(1);
    console.log(`${name}: worst over all cases and layers`, await expectGolden(model, golden, cases));
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
    expect((await split.weights.embedding(split.recorder, 0)).projection.parts.length).toBe(8);
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
