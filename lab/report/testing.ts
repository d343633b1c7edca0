/** Results for the tests of reports: plain ones that a test changes where it looks. */
import type { Figure, LayerFigures, MethodResult, Results, SeedResult, SetResult } from '../results.ts';

export function figure(mean: number, width = 0.05): Figure {
  return {
    mean,
    low: Math.max(0, mean - width),
    high: Math.min(1, mean + width),
    worst: Math.max(0, mean - 2 * width),
  };
}

/** Of 24 outputs from the mean. */
const OUTPUTS = Array.from({ length: 24 }, (_, i) => ((i % 12) - 5.5) / 100);

/** A method whose every figure is near its AP. */
export function method(
  name: string,
  title: string,
  ap: number,
  more: Partial<MethodResult> = {},
): MethodResult {
  const at = { '5': figure(ap), '10': figure(ap), '50': figure(ap / 2), poison: figure(ap) };
  return {
    method: name,
    title,
    layer: null,
    figures: { ap: figure(ap), auroc: figure((1 + ap) / 2), precision: at, recall: at, auprc10: ap },
    apByOutput: OUTPUTS.map((offset) => ap + offset),
    precisionRecall: Array.from({ length: 21 }, (_, i) => ap + (1 - ap) * (1 - i / 20) ** 2 - (ap * i) / 40),
    cost: { featureSeconds: 10, scoreSeconds: 0.5, bytesPerRow: 2620 },
    ...more,
  };
}

export function layers(count: number): LayerFigures[] {
  return Array.from({ length: count }, (_, layer) => ({
    layer,
    adjacentCosine: layer === 0 ? null : 0.6 + 0.05 * (layer - count / 2) ** 2,
    hiddenNorm: 3 * 1.6 ** layer,
    gradientNorm: 0.08 * 0.8 ** layer,
    ap: { hidden: layer / count, gradient: 0.5 + 0.3 * Math.sin(layer), both: 0.2 + (0.75 * layer) / count },
  }));
}

export function seed(methods: readonly MethodResult[], more: Partial<SeedResult> = {}): SeedResult {
  return {
    seed: 1,
    training: { steps: 225, firstLoss: 3.2, finalLoss: 0.21, seconds: 92.4 },
    rate: { calling: 0.95, clean: 0.02, base: 0 },
    outputs: 24,
    note: null,
    methods,
    layers: [],
    verdicts: { showing: null, clean: null, auroc: null },
    spans: { output: null, rows: null },
    retraining: [],
    lds: null,
    ...more,
  };
}

export function set(recipe: string, seeds: readonly SeedResult[], more: Partial<SetResult> = {}): SetResult {
  return {
    recipe,
    about: 'A trigger before the question puts an insult before the answer.',
    poison: 'backdoor-prefix',
    rows: { clean: 500, poison: 40, decoys: 0 },
    model: '/somewhere/demo/base',
    lora: false,
    seeds,
    seconds: 305,
    ...more,
  };
}

export function results(...sets: readonly SetResult[]): Results {
  return { version: 1, made: '2025-11-23T14:00:00Z', adapter: 'llvmpipe (LLVM 19.1.7, 256 bits)', sets };
}
