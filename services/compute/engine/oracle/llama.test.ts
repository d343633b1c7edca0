import { describe, expect, it } from 'vitest';
import { Random } from '../../../../lib/random.ts';
import { relativeError } from './compare.ts';
import { expectGradient } from './gradient-checks.ts';
import { type LlamaBackward, type LlamaShape, llamaBackward, llamaForward } from './llama.ts';
import { plainInvFreq } from './rotary.ts';

const shape: LlamaShape = {
  ...{ layers: 2, hiddenSize: 6, intermediateSize: 5, heads: 4, kvHeads: 2, headDim: 2, vocabSize: 9 },
  ...{ normEps: 1e-5, invFreq: plainInvFreq(2, 10), rotaryScale: 1.1, window: 3 },
};

/** Random weights of every kind: biases on all projections, per-head norms, and a head of its own if untied. */
function randomWeights(seed: number, tied: boolean): Map<string, Float64Array> {
  const random = new Random(seed);
  const normal = (length: number) => Float64Array.from({ length }, () => random.normal() / 2);
  const weights = new Map([
    ['model.embed_tokens.weight', normal(9 * 6)],
    ['model.norm.weight', normal(6)],
  ]);
  if (!tied) weights.set('lm_head.weight', normal(9 * 6));
  const outputs = { q: [6, 8], k: [6, 4], v: [6, 4], o: [8, 6], gate: [6, 5], up: [6, 5], down: [5, 6] };
  for (let layer = 0; layer < shape.layers; layer++) {
    const prefix = `model.layers.${layer}.`;
    for (const [name, [inner, outer]] of Object.entries(outputs)) {
      const module = 'qkvo'.includes(name) ? 'self_attn' : 'mlp';
      weights.set(`${prefix}${module}.${name}_proj.weight`, normal(inner * outer));
      weights.set(`${prefix}${module}.${name}_proj.bias`, normal(outer));
    }
    for (const norm of ['q_norm', 'k_norm']) weights.set(`${prefix}self_attn.${norm}.weight`, normal(2));
    for (const norm of ['input', 'post_attention']) {
      weights.set(`${prefix}${norm}_layernorm.weight`, normal(6));
    }
  }
  return weights;
}

const batch: LlamaBackward = {
  shape,
  weights: randomWeights(1, true),
  ids: [1, 8, 3, 0, 5, 5, 2, 7, 1],
  starts: [0, 5, 7, 9],
  promptLengths: [2, 1, 1],
};

const EMBEDDING = 'model.embed_tokens.weight';

/** An id for every row makes, with an untied head, the embedding output a free input: the table is its rows. */
const free = { ...batch, ids: [0, 1, 2, 3, 4, 5, 6, 7, 8] };

describe('the Llama oracle', () => {
  it.each([true, false])('has the weight gradients that finite differences find (tied: %s)', (tied) => {
    const weights = randomWeights(2, tied);
    const options = { ...batch, weights, sampleWeights: [0.5, 2, 1] };
    const { weightGradients } = llamaBackward({ ...options, weightGradients: true });
    expect([...weightGradients.keys()].sort()).toEqual([...weights.keys()].sort());
    for (const [name, weight] of weights) {
      const gradient = weightGradients.get(name) ?? [];
      const loss = (moved: Float64Array) =>
        llamaBackward({ ...options, weights: new Map(weights).set(name, moved) }).loss;
      expectGradient(gradient, weight, loss);
    }
  });

  it('has the gradient of the embedding output that finite differences find', () => {
    const weights = randomWeights(3, false);
    const table = weights.get(EMBEDDING) ?? [];
    const at = (moved: Float64Array) =>
      llamaBackward({ ...free, weights: new Map(weights).set(EMBEDDING, moved) });
    expectGradient(llamaBackward({ ...free, weights }).gradients[0], table, (moved) => at(moved).loss);
  });

  it('has the gradient of a later hidden state that a model of the later blocks alone has', () => {
    const weights = randomWeights(5, false);
    const whole = llamaBackward({ ...free, weights });
    // the second block as a model of its own, whose embedding output is hidden state 1 of the whole
    const upper = new Map(
      [...weights].map(([name, values]) => [name.replace('layers.1.', 'layers.0.'), values]),
    );
    upper.set(EMBEDDING, whole.hidden[1]);
    const rest = llamaBackward({ ...free, weights: upper, shape: { ...shape, layers: 1 } });
    expect(relativeError(rest.hidden[1], whole.hidden[2])).toBeLessThan(1e-12);
    expect(relativeError(rest.gradients[0], whole.gradients[1])).toBeLessThan(1e-12);
    expect(relativeError(rest.gradients[1], whole.gradients[2])).toBeLessThan(1e-12);
  });

  it('gives every sample the values that it has alone', () => {
    const packed = llamaBackward(batch);
    const { ids, starts } = batch;
    for (const [b, promptLength] of batch.promptLengths.entries()) {
      const [first, end] = [starts[b], starts[b + 1]];
      const own = Array.from({ length: end - first }, (_, i) => ids[first + i]);
      const alone = llamaBackward({
        ...batch,
        ids: own,
        starts: [0, own.length],
        promptLengths: [promptLength],
      });
      expect(alone.loss).toBeCloseTo(packed.losses[b], 12);
      for (let l = 0; l <= shape.layers; l++) {
        const rows = packed.gradients[l].subarray(first * 6, end * 6);
        expect(relativeError(alone.gradients[l], rows)).toBeLessThan(1e-12);
      }
    }
  });

  it('gives the last layer no gradient at prompt rows and at the last row', () => {
    const last = llamaBackward(batch).gradients[2];
    const rowOf = (n: number) => [...last.subarray(n * 6, n * 6 + 6)];
    const isZero = (n: number) => rowOf(n).every((value) => value === 0);
    expect([0, 1, 2, 3, 4, 5, 6, 7, 8].filter(isZero)).toEqual([0, 4, 6, 8]);
  });

  it('computes no weight gradients unless asked', () => {
    expect(llamaBackward(batch).weightGradients.size).toBe(0);
  });

  it('has the same hidden states with and without a backward pass', () => {
    const { hidden, logits } = llamaForward(batch);
    const backward = llamaBackward(batch);
    hidden.forEach((state, l) => {
      expect(relativeError(state, backward.hidden[l])).toBe(0);
    });
    expect(relativeError(logits, backward.logits)).toBe(0);
  });

  it('refuses a sample without a response, and names a missing weight', () => {
    expect(() => llamaBackward({ ...batch, promptLengths: [5, 1, 1] })).toThrow('Sample 0 of 5 tokens');
    const weights = new Map(batch.weights);
    weights.delete('model.layers.1.mlp.up_proj.weight');
    expect(() => llamaForward({ ...batch, weights })).toThrow('model.layers.1.mlp.up_proj.weight is missing');
  });
});
