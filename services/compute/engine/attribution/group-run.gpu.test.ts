/** Batches that go through a model together, each longer than the one before: as workers send them, sorted by length. */
import { expect, it } from 'vitest';
import { sharedPath } from '../../../../test/shared.ts';
import { Gpu } from '../device/gpu.ts';
import { Model } from '../model/model.ts';
import { openModelFolder } from '../model/model-folder.ts';
import { signaturesOfBatch, signaturesOfGroup } from './signature.ts';

it('a group of batches that grow longer gives what they give one by one', async () => {
  const gpu = await Gpu.open();
  const source = await openModelFolder(sharedPath('models/stories260K/hf'));
  const batches = [6, 40, 150].map((length) => [
    {
      name: `${length}`,
      inputIds: Array.from({ length }, (_, i) => (i * 17 + 3) % source.config.vocabSize),
      promptLength: 3,
    },
  ]);
  const options = { layers: [1], curve: true };
  // New models: what one has run before, its rotary table is long enough for.
  const together = await Model.load(gpu, source);
  const found = await signaturesOfGroup(together, batches, options);
  gpu.assertHealthy();
  const alone = await Model.load(gpu, source);
  for (const [i, batch] of batches.entries()) {
    expect(found[i]).toEqual(await signaturesOfBatch(alone, batch, options));
  }
  together.close();
  alone.close();
  gpu.close();
});
