/** What a command opens, and closes again. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { sharedPath } from '../test/shared.ts';
import { withGpu, withPair } from './resources.ts';

const TINY = sharedPath('models/tiny-random/qwen2');
const DEMO = fileURLToPath(new URL('../demo', import.meta.url));

describe('a model and its base, for a command', () => {
  it('are the model with and without its adapter where no base is named, closed at the end', async () => {
    const choice = { model: TINY, adapter: `${TINY}/adapter-qv` };
    await withGpu(async (gpu) => {
      const closed = await withPair(gpu, choice, undefined, ({ tuned, base }, source) => {
        expect(source.tensors.get('model.layers.0.self_attn.q_proj.weight')?.dtype).toBe('F32');
        expect(tuned.digest).not.toBe(base.digest);
        return Promise.resolve([vi.spyOn(tuned, 'close'), vi.spyOn(base, 'close')]);
      });
      for (const close of closed) expect(close).toHaveBeenCalledOnce();
    });
  });

  it('are two models where a base is named, closed too when the command fails', async () => {
    const failure = new Error('the command failed');
    const closed: unknown[] = [];
    await withGpu(async (gpu) => {
      const failing = withPair(
        gpu,
        { model: `${DEMO}/tuned` },
        { model: `${DEMO}/base` },
        ({ tuned, base }) => {
          closed.push(vi.spyOn(tuned, 'close'), vi.spyOn(base, 'close'));
          return Promise.reject(failure);
        },
      );
      await expect(failing).rejects.toBe(failure);
    });
    expect(closed).toHaveLength(2);
    for (const close of closed) expect(close).toHaveBeenCalledOnce();
  });

  it('need a base by name where there is no adapter', async () => {
    await withGpu(async (gpu) => {
      const refused = withPair(gpu, { model: `${DEMO}/tuned` }, undefined, () => Promise.resolve());
      await expect(refused).rejects.toMatchObject({
        code: 'INPUT_INVALID',
        message: expect.stringContaining('demo/tuned has no adapter, and no base is named') as string,
      });
    });
  });
});
