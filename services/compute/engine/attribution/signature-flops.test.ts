import { describe, expect, it } from 'vitest';
import { planBlocks, scoreWork } from '../kernels/attention.ts';
import { chooseLayer } from './layer-choice.ts';
import { automaticRange, blockWeights, signatureFlops, type FlopsConfig } from './signature-flops.ts';

const config: FlopsConfig = {
  hiddenSize: 8,
  intermediateSize: 16,
  heads: 2,
  kvHeads: 1,
  headDim: 4,
  layers: 3,
  vocabSize: 10,
  gated: true,
  windows: [null, null, null],
};
/** q and o 8 x 8, k and v 4 x 8, gate, up and down 16 x 8. */
const BLOCK = 64 + 64 + 32 + 32 + 3 * 128;
const rows = [
  { length: 5, predicted: 2 },
  { length: 3, predicted: 1 },
];
const at = (lowest: number | null, logitsTwice = false) =>
  signatureFlops(config, rows, { lowest, logitsTwice });

describe('blockWeights', () => {
  it('agrees with SmolLM2-135M, whose block has 3 538 944 weights', () => {
    const smollm2 = { ...config, hiddenSize: 576, intermediateSize: 1536, heads: 9, kvHeads: 3, headDim: 64 };
    expect(blockWeights(smollm2)).toBe(3_538_944);
  });

  it('counts two matrices of a feed-forward without a gate', () => {
    expect(blockWeights({ ...config, gated: false })).toBe(BLOCK - 128);
  });
});

describe('signatureFlops', () => {
  it('runs no block backwards for the last layer, and the last one only for the rows that predict', () => {
    const flops = at(3);
    // Of 3 of the 8 tokens all but keys and values, of which there are all.
    expect(flops.projections).toBe(2 * 2 * 8 * BLOCK + 2 * (3 * (BLOCK - 64) + 8 * 64));
    // They see 3 + 4 keys, and 2.
    expect(flops.attention).toBe(2 * (2 * (15 + 6) * 8) * 2 + 2 * (2 * 9 * 8));
    expect(flops.head).toBe(2 * 2 * 3 * 10 * 8);
    expect(flops.total).toBe(flops.projections + flops.attention + flops.head);
  });

  it('adds one product per matrix and seven of attention for each block above the layer', () => {
    expect(at(1).projections - at(2).projections).toBe(2 * 8 * BLOCK);
    expect(at(1).attention - at(2).attention).toBe(7 * (2 * 21 * 8));
    expect(at(2).projections).toBe(4 * 2 * 8 * BLOCK);
    expect(at(2).attention).toBe((3 * 2 + 7) * (2 * 21 * 8));
    expect(at(1).head).toBe(at(3).head);
  });

  it('counts one pass of the head without a backward, three where logits are made again', () => {
    expect(at(null).projections).toBe(at(3).projections);
    expect(at(null).head).toBe(at(3).head / 2);
    expect(at(3, true).head).toBe((at(3).head / 2) * 3);
  });

  it('adds a forward, and the projections of the token rows, for a base model beside it', () => {
    const [without, forward] = [at(1, true), at(null)];
    const taught = signatureFlops(config, rows, { lowest: 1, logitsTwice: true, taught: true });
    expect(taught.projections - without.projections).toBe(forward.projections);
    expect(taught.attention - without.attention).toBe(forward.attention);
    expect(taught.head - without.head).toBe(forward.head + 2 * 2 * 3 * 8 * 64);
    expect(taught.total).toBe(taught.projections + taught.attention + taught.head);
  });

  it('sees through windows exactly the pairs that the kernels are planned for', () => {
    for (const window of [1, 2, 4, 5, 100]) {
      const windowed = { ...config, windows: [window, null, window] };
      const blocks = planBlocks(
        rows.map(({ length }, i) => ({ firstQuery: 5 * i, count: length, firstKey: 5 * i, visible: 0 })),
      );
      const [narrow, wide] = [scoreWork(blocks, window), scoreWork(blocks)];
      const { attention } = signatureFlops(windowed, rows, { lowest: 1, logitsTwice: false });
      expect(attention).toBe(8 * (2 * (2 * narrow + wide) + 7 * (narrow + wide)));
      const predicting = planBlocks(
        rows.map(({ length, predicted }, i) => {
          return { firstQuery: 0, count: predicted, firstKey: 5 * i, visible: length - predicted - 1 };
        }),
      );
      const forward = signatureFlops(windowed, rows, { lowest: null, logitsTwice: false });
      expect(forward.attention).toBe(8 * 2 * (narrow + wide + scoreWork(predicting, window)));
    }
  });
});

describe('automaticRange', () => {
  it('begins and ends at the layers that the rule can choose', () => {
    for (const layers of [1, 2, 3, 4, 5, 6, 12, 33]) {
      const chosen = new Set<number>();
      for (let i = 0; i < layers; i++) {
        chosen.add(chooseLayer(Array.from({ length: layers }, (_, at) => (at === i ? 0 : 1))));
      }
      expect(automaticRange(layers)).toEqual([Math.min(...chosen), Math.max(...chosen)]);
    }
  });
});
