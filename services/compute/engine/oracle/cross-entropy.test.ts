import { describe, expect, it } from 'vitest';
import { relativeError } from './compare.ts';
import { crossEntropyBackward, crossEntropyForward, headForwardBackward } from './cross-entropy.ts';
import { expectGradient, innerProduct, normalArrays } from './gradient-checks.ts';
import { linearForward } from './linear.ts';

describe('the cross-entropy oracle', () => {
  it('is the negative logarithm of the probability of the target', () => {
    const logits = [Math.log(1), Math.log(3), Math.log(4), 0, 0, 0];
    const nll = crossEntropyForward({ logits, targets: [1, 2], rows: 2, vocabSize: 3 });
    expect(nll[0]).toBeCloseTo(-Math.log(3 / 8), 12);
    expect(nll[1]).toBeCloseTo(Math.log(3), 12);
  });

  it.each([
    { rows: 1, vocabSize: 2 },
    { rows: 4, vocabSize: 9 },
  ])('has the gradient that finite differences find, at $rows x $vocabSize', (shape) => {
    const normal = normalArrays(11);
    const logits = normal(shape.rows * shape.vocabSize);
    const targets = [1, 0, 8, 8].slice(0, shape.rows);
    const scale = normal(shape.rows);
    const dLogits = crossEntropyBackward({ logits, targets, scale, ...shape });
    const loss = (moved: Float64Array) =>
      innerProduct(crossEntropyForward({ logits: moved, targets, ...shape }), scale);
    expectGradient(dLogits, logits, loss);
  });

  it.each([0.5, 2, 30])('has the right gradient of the raw logits where they are capped at %d', (cap) => {
    const normal = normalArrays(13);
    const shape = { rows: 3, vocabSize: 6, targets: [5, 0, 2], cap };
    const logits = normal(18).map((z) => 2 * z);
    const scale = normal(3);
    const dLogits = crossEntropyBackward({ logits, scale, ...shape });
    expectGradient(dLogits, logits, (z) => innerProduct(crossEntropyForward({ logits: z, ...shape }), scale));
  });

  it('counts capped logits as cap * tanh(logit / cap)', () => {
    const capped = crossEntropyForward({ logits: [1e9, 0], targets: [1], rows: 1, vocabSize: 2, cap: 3 });
    expect(capped[0]).toBeCloseTo(Math.log(Math.exp(3) + 1), 12);
  });

  it('gives a row of scale 0 no gradient at all', () => {
    const options = { logits: [1, 2, 3, 4], targets: [0, 0], rows: 2, vocabSize: 2, scale: [0, 1] };
    expect(crossEntropyBackward(options).slice(0, 2).map(Math.abs)).toEqual(new Float64Array(2));
  });

  it('stays finite for logits that overflow an unshifted exponential', () => {
    const nll = crossEntropyForward({ logits: [5000, -5000], targets: [1], rows: 1, vocabSize: 2 });
    expect(nll[0]).toBe(10_000);
  });
});

describe('the head oracle', () => {
  const caps = [undefined, 1.5];
  it.each(caps)('gives loss and gradients of projection and cross-entropy together, cap %s', (cap) => {
    const normal = normalArrays(12);
    const sizes = { rows: 3, width: 5, vocabSize: 7, cap };
    const x = normal(15);
    const weight = normal(35);
    const scale = normal(3);
    const targets = [6, 0, 0];
    const result = headForwardBackward({ x, weight, targets, scale, ...sizes });
    const loss = (moved: { x?: Float64Array; weight?: Float64Array }) =>
      innerProduct(headForwardBackward({ x, weight, targets, scale, ...sizes, ...moved }).nll, scale);
    expectGradient(result.dx, x, (at) => loss({ x: at }));
    expectGradient(result.dWeight, weight, (at) => loss({ weight: at }));
    const logits = linearForward({ x, weight, rows: 3, inner: 5, outer: 7 });
    const nll = crossEntropyForward({ logits, targets, rows: 3, vocabSize: 7, cap });
    expect(relativeError(result.nll, nll)).toBe(0);
  });
});
