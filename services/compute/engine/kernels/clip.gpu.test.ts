import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as clip from './clip.ts';
import { Bench, expectClose, expectMismatch, normalFloats } from './testing.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});
afterAll(() => {
  bench.close();
});

async function run(gradients: readonly Float32Array[], maxNorm: number): Promise<Float32Array> {
  const tensors = gradients.map((values) => bench.floats(values));
  const out = bench.empty([2]);
  const partial = bench.empty([clip.partialCount(tensors)]);
  clip.forward(bench.recorder, { gradients: tensors, maxNorm, partial, clip: out });
  return bench.read(out);
}

describe('the clip kernels', () => {
  it.each([
    { name: 'one value', sizes: [1] },
    { name: 'one tensor of less than a piece', sizes: [20] },
    { name: 'several tensors, below, at and beyond a piece of 4096', sizes: [7, 4096, 4097, 12_300, 64] },
    { name: 'more pieces than lanes', sizes: [300_000] },
  ])('take the norm over all gradients: $name', async ({ sizes }) => {
    const normal = normalFloats(sizes.length);
    const gradients = sizes.map((size, i) => normal(size, 10 ** -i));
    const norm = clip.oracle.globalNorm(gradients);
    for (const maxNorm of [norm / 3, norm * 3]) {
      const [ownNorm = NaN, factor = NaN] = await run(gradients, maxNorm);
      expectClose('clip norm', [ownNorm], [norm], 1e-6);
      expectClose('clip factor', [factor], [clip.oracle.clipFactor(norm, maxNorm)], 1e-6);
    }
  });

  it('leave zeros alone', async () => {
    expect([...(await run([new Float32Array(8)], 1))]).toEqual([0, 1]);
  });

  it('let a NaN through to the norm', async () => {
    const [norm] = await run([new Float32Array(5000).fill(1), Float32Array.of(1, 2, NaN)], 1);
    expect(norm).toBeNaN();
  });

  it('name the operand whose shape is wrong', () => {
    const good = {
      ...{ gradients: [bench.empty([8])], maxNorm: 1 },
      ...{ partial: bench.empty([1]), clip: bench.empty([2]) },
    };
    for (const operand of ['partial', 'clip']) {
      expectMismatch(operand, () => {
        clip.forward(bench.recorder, { ...good, [operand]: bench.empty([1, 2, 3]) });
      });
    }
    expectMismatch('gradients', () => {
      clip.forward(bench.recorder, { ...good, gradients: [bench.empty([8], 'f16')] });
    });
  });
});
