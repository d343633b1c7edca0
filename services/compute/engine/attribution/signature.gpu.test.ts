/** Promises of `signaturesOfBatch` beyond parity: failures stay with their sample, and hooks see the residual stream. */
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedPath } from '../../../../test/shared.ts';
import { Gpu } from '../device/gpu.ts';
import { decodeFloats } from '../model/dtype.ts';
import { Model } from '../model/model.ts';
import { openModelFolder } from '../model/model-folder.ts';
import { writeSafetensors } from '../model/safetensors-writer.ts';
import { signaturesOfBatch } from './signature.ts';

const POISON_ID = 7;
let gpu: Gpu;
let folder: string;
let model: Model;

beforeAll(async () => {
  gpu = await Gpu.open();
  folder = await mkdtemp(join(tmpdir(), 'reptrace-overflow-'));
  const source = await openModelFolder(sharedPath('models/tiny-random/llama'));
  await copyFile(join(source.path, 'config.json'), join(folder, 'config.json'));
  const tensors = [];
  for (const [name, { dtype, shape }] of source.tensors) {
    const data = decodeFloats(dtype, await source.readTensor(name));
    // Finite, so that it loads; its square is no float32.
    if (name === 'model.embed_tokens.weight') data.fill(1e30, POISON_ID * 48, (POISON_ID + 1) * 48);
    tensors.push({ name, dtype: 'F32' as const, shape, data });
  }
  await writeSafetensors(join(folder, 'model.safetensors'), tensors);
  model = await Model.load(gpu, await openModelFolder(folder));
});

afterAll(async () => {
  model.close();
  gpu.close();
  await rm(folder, { recursive: true });
});

const healthy = { name: 'healthy', inputIds: [3, 4, 5, 6], promptLength: 2 };
const overflowing = { name: 'overflowing', inputIds: [3, POISON_ID, 5, 6], promptLength: 2 };

describe('signaturesOfBatch', () => {
  it('gives a sample that overflows an error with its name, and its neighbours what they have alone', async () => {
    const options = { layers: [1, 4], curve: true };
    const [before, bad, after] = await signaturesOfBatch(
      model,
      [healthy, overflowing, { ...healthy, name: 'after' }],
      options,
    );
    expect(bad).toMatchObject({ error: { code: 'NOT_FINITE' } });
    expect(bad !== undefined && 'error' in bad ? bad.error.message : '').toContain('"overflowing"');
    const [alone] = await signaturesOfBatch(model, [healthy], options);
    for (const result of [before, after]) {
      if (result === undefined || alone === undefined || 'error' in result || 'error' in alone)
        throw new Error('no signature');
      expect(result.loss).toBe(alone.loss);
      expect([...(result.layers.get(1)?.gradient ?? [])]).toEqual([...(alone.layers.get(1)?.gradient ?? [])]);
    }
  });

  it('gives 33 samples in one batch what each has alone', async () => {
    const samples = Array.from({ length: 33 }, (_, i) => ({
      name: `s${i}`,
      inputIds: Array.from({ length: 2 + (i % 19) }, (_unused, t) =>
        (i * 31 + t * 7) % 150 === POISON_ID ? 8 : (i * 31 + t * 7) % 150,
      ),
      promptLength: 1 + (i % 2),
    })).filter(({ inputIds, promptLength }) => promptLength < inputIds.length);
    const packed = await signaturesOfBatch(model, samples, { layers: [2] });
    for (const [i, sample] of samples.entries()) {
      const [alone] = await signaturesOfBatch(model, [sample], { layers: [2] });
      const together = packed[i];
      if (together === undefined || alone === undefined || 'error' in together || 'error' in alone)
        throw new Error('no signature');
      const reference = alone.layers.get(2)?.gradient ?? new Float32Array();
      const size = Math.max(...reference.map(Math.abs));
      together.layers.get(2)?.gradient.forEach((value, d) => {
        expect(Math.abs(value - (reference[d] ?? NaN))).toBeLessThanOrEqual(1e-5 * size);
      });
    }
  });

  it('refuses a layer that the model does not have', async () => {
    await expect(signaturesOfBatch(model, [healthy], { layers: [5] })).rejects.toMatchObject({
      code: 'LAYER_NOT_FOUND',
    });
    await expect(signaturesOfBatch(model, [healthy], { layers: [1.5] })).rejects.toMatchObject({
      code: 'LAYER_NOT_FOUND',
    });
  });

  it('leaves no scratch memory behind: the same batch again takes none', async () => {
    await signaturesOfBatch(model, [healthy], { layers: [0], tokenGradients: true });
    const held = model.arena.bytes;
    for (let i = 0; i < 3; i++)
      await signaturesOfBatch(model, [healthy], { layers: [0], tokenGradients: true });
    expect(model.arena.bytes).toBe(held);
  });
});
