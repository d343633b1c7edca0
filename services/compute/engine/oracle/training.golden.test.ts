/**
 * Ten AdamW steps of full fine-tuning in float64 against PyTorch's float32 run (test/python/adamw_reference.py).
 * One half of the check: the oracles are right about training. The engine's own run has the same fixture to meet.
 * Where the two differ it is by PyTorch's rounding, measured: loss 3e-7, norms 1e-6, distance moved 1.2e-5.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type AdamwResult, adamwStep } from './adamw.ts';
import { clipFactor, globalNorm } from './clip.ts';
import { goldenPresent, readWeights } from './golden-files.ts';
import { type LlamaShape, llamaBackward } from './llama.ts';
import { sum } from './reduce.ts';
import { plainInvFreq } from './rotary.ts';

interface Reference {
  readonly optimizer: {
    readonly beta1: number;
    readonly beta2: number;
    readonly eps: number;
    readonly weight_decay: number;
  };
  readonly max_norm: number;
  readonly schedule: { readonly peak: number; readonly warmup: number; readonly total: number };
  readonly steps: readonly {
    readonly lr: number;
    readonly loss: number;
    readonly loss_tokens: number;
    readonly grad_norm: number;
    readonly rows: readonly { readonly ids: readonly number[]; readonly loss_start: number }[];
  }[];
  readonly parameters: Readonly<
    Record<string, { readonly l2: number; readonly moved: number; readonly sum: number }>
  >;
}

const FIXTURE = new URL('../../../../test/fixtures/adamw-stories260k.json', import.meta.url);

const shape: LlamaShape = {
  ...{ layers: 5, hiddenSize: 64, intermediateSize: 172, heads: 8, kvHeads: 4, headDim: 8, vocabSize: 512 },
  ...{ normEps: 1e-5, invFreq: plainInvFreq(8, 10_000) },
};

describe.skipIf(!goldenPresent())('training with the oracles', () => {
  it('follows ten steps of torch.optim.AdamW with clipping on stories260K', () => {
    const reference = JSON.parse(readFileSync(FIXTURE, 'utf8')) as Reference;
    const { beta1, beta2, eps, weight_decay: decay } = reference.optimizer;
    const start = readWeights('models/stories260K/hf');
    const states = new Map<string, AdamwResult>();
    for (const [name, values] of start) {
      const zeros = new Float64Array(values.length);
      states.set(name, { parameter: Float64Array.from(values), m: zeros, v: zeros });
    }
    for (const [t, { lr, loss, loss_tokens: tokens, grad_norm: norm, rows }] of reference.steps.entries()) {
      const starts = [0];
      for (const { ids } of rows) starts.push((starts.at(-1) ?? 0) + ids.length);
      const result = llamaBackward({
        ...{ shape, starts, weightGradients: true },
        weights: new Map([...states].map(([name, { parameter }]) => [name, parameter])),
        ids: rows.flatMap(({ ids }) => ids),
        promptLengths: rows.map((row) => row.loss_start),
        sampleWeights: rows.map((row) => (row.ids.length - row.loss_start) / tokens),
      });
      const ownNorm = globalNorm(result.weightGradients.values());
      expect(Math.abs(result.loss / loss - 1)).toBeLessThan(1e-6);
      expect(Math.abs(ownNorm / norm - 1)).toBeLessThan(3e-6);
      const gradScale = clipFactor(ownNorm, reference.max_norm);
      for (const [name, state] of states) {
        const gradient = result.weightGradients.get(name) ?? [];
        const weightDecay = name.endsWith('norm.weight') ? 0 : decay;
        const settings = { step: t + 1, lr, beta1, beta2, eps, weightDecay, gradScale };
        states.set(name, adamwStep({ ...state, gradient, ...settings }));
      }
    }
    expect([...states.keys()].sort()).toEqual(Object.keys(reference.parameters).sort());
    for (const [name, { l2, moved, sum: total }] of Object.entries(reference.parameters)) {
      const before = start.get(name) ?? [];
      const after = states.get(name)?.parameter ?? new Float64Array();
      const difference = after.map((value, i) => value - before[i]);
      expect(Math.abs(globalNorm([after]) / l2 - 1)).toBeLessThan(1e-6);
      expect(Math.abs(globalNorm([difference]) / moved - 1)).toBeLessThan(5e-5);
      expect(Math.abs(sum(after) - total) / l2).toBeLessThan(1e-5);
    }
  });
});
