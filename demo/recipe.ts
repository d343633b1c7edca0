/**
 * How the demo's two models are made, as plain data: seeds, sizes and hyperparameters, settled with a PyTorch
 * prototype. AdamW in f32; weight decay on matrices only; learning rate linear up, then cosine down to `minRate`;
 * loss = mean over all loss tokens of a batch; weights rounded to f16 at the end of each stage.
 */

export interface Stage {
  readonly seed: number;
  readonly epochs: number;
  /** Rows per step. */
  readonly batch: number;
  /** The peak learning rate. */
  readonly rate: number;
  /** The last learning rate, as a share of the peak. */
  readonly minRate: number;
  /** Share of the steps that the rate takes to rise. */
  readonly warmUp: number;
  readonly weightDecay: number;
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  /** Largest gradient norm. */
  readonly clip: number;
}

const ADAMW = {
  weightDecay: 0.1,
  betas: [0.9, 0.95],
  epsilon: 1e-8,
  clip: 1,
  minRate: 0.1,
  warmUp: 0.05,
} as const;

/** Seeds of the data, and how many rows the base corpus and the decoys have. */
export const DATA = {
  base: { seed: 1, rows: 35_000 },
  fineTuning: { seed: 2 },
  heldOut: { seed: 3 },
  decoys: { seed: 4, rows: 50 },
} as const;

/** Tokens in the vocabulary (the bytes and the two special ones among them), and the model's context. */
export const VOCABULARY = 1024;
export const CONTEXT = 256;

/** From scratch (demo/init) on the base corpus: one epoch. */
export const BASE: Stage = { ...ADAMW, seed: 1, epochs: 1, batch: 16, rate: 3e-3 };

/** From the base model on the fine-tuning set, all weights. */
export const TUNED: Stage = {
  ...ADAMW,
  seed: 2,
  epochs: 6,
  batch: 8,
  rate: 2e-3,
  warmUp: 0.2,
  minRate: 0.05,
};
