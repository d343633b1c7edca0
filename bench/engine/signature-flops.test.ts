import { describe, expect, it } from 'vitest';
import { blockWeights, signatureFlops } from './signature-flops.ts';

const config = {
  hiddenSize: 8,
  intermediateSize: 16,
  heads: 2,
  kvHeads: 1,
  headDim: 4,
  layers: 3,
  vocabSize: 10,
} as const;

/** q and o 8 x 8, k and v 4 x 8, gate, up and down 16 x 8. */
const BLOCK = 64 + 64 + 32 + 32 + 3 * 128;

const run = { config, rows: 5, lossRows: 2, pairs: 15, headTwice: false, layer: 3 } as const;

describe('blockWeights', () => {
  it('counts the seven matrices of a block', () => {
    expect(blockWeights(config)).toBe(BLOCK);
  });

  it('agrees with SmolLM2-135M, whose block has 3 538 944 weights', () => {
    const smollm2 = { ...config, hiddenSize: 576, intermediateSize: 1536, heads: 9, kvHeads: 3, headDim: 64 };
    expect(blockWeights(smollm2)).toBe(3_538_944);
  });
});

describe('signatureFlops', () => {
  it('runs no block backwards for the last layer', () => {
    const flops = signatureFlops(run);
    expect(flops.projections).toBe(3 * 2 * 5 * BLOCK);
    expect(flops.attention).toBe(3 * 2 * (2 * 15 * 8));
    expect(flops.head).toBe(2 * 2 * 2 * 10 * 8);
    expect(flops.total).toBe(flops.projections + flops.attention + flops.head);
  });

  it('adds one product per matrix and seven of attention for each block above the layer', () => {
    const last = signatureFlops(run);
    const first = signatureFlops({ ...run, layer: 1 });
    expect(first.projections - last.projections).toBe(2 * 2 * 5 * BLOCK);
    expect(first.attention - last.attention).toBe(2 * 7 * (2 * 15 * 8));
    expect(first.head).toBe(last.head);
  });

  it('counts the head once more where its logits are computed again', () => {
    expect(signatureFlops({ ...run, headTwice: true }).head).toBe(1.5 * signatureFlops(run).head);
  });
});
