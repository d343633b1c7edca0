/** What an evaluation found: written to results.json, from which tables and pages are made. Plain data, every figure finite or null. */
import type { Poison } from './sets/recipe.ts';

/** A mean over outputs, with a bootstrap interval of 95 %. */
export interface Figure {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  /** Of the worst output. */
  readonly worst: number;
}

export interface MethodResult {
  readonly method: string;
  readonly title: string;
  readonly layer: number | null;
  readonly figures: {
    /** Average precision over the full ranking. */
    readonly ap: Figure;
    readonly auroc: Figure;
    /** By k: share of poison among the k best, 5, 10, 50 and |poison|. */
    readonly precision: Readonly<Record<string, Figure>>;
    readonly recall: Readonly<Record<string, Figure>>;
    /** The paper's: pooled over outputs, of the retrieved 10 only. */
    readonly auprc10: number;
  };
  /** Average precision of each output, in their order: what two methods are compared by, output by output. */
  readonly apByOutput: readonly number[];
  /** Mean precision at recalls 0, .05 … 1, interpolated. */
  readonly precisionRecall: readonly number[];
  /** Of the rows' and outputs' features that it needs, in seconds, and of the scoring; bytes that it keeps of a row. */
  readonly cost: {
    readonly featureSeconds: number;
    readonly scoreSeconds: number;
    readonly bytesPerRow: number | null;
  };
}

export interface LayerFigures {
  readonly layer: number;
  /** c[layer - 1], the cosine of adjacent hidden states; null at layer 0. */
  readonly adjacentCosine: number | null;
  /** Means over the rows. */
  readonly hiddenNorm: number;
  readonly gradientNorm: number;
  /** AP of centred h, of g, and of both at alpha .5. */
  readonly ap: { readonly hidden: number; readonly gradient: number; readonly both: number } | null;
}

export interface SeedResult {
  readonly seed: number;
  readonly training: {
    readonly steps: number;
    readonly firstLoss: number;
    readonly finalLoss: number;
    readonly seconds: number;
  };
  /** Share of the questions that call for the behaviour whose output shows it, and of the clean ones; null where none is asked. */
  readonly rate: {
    readonly calling: number | null;
    readonly clean: number | null;
    readonly base: number | null;
  };
  readonly outputs: number;
  /** Why there is no ranking to measure ("the behaviour was not taught: .04 of …"), or which methods it leaves out and why; else null. */
  readonly note: string | null;
  /** What else a reader of the figures should know, such as outputs that were left out and why; absent: nothing. */
  readonly notes?: readonly string[];
  readonly methods: readonly MethodResult[];
  readonly layers: readonly LayerFigures[];
  /** Shares of TAUGHT, NOT_TAUGHT, UNCERTAIN for outputs that show the behaviour and for clean ones; AUROC of the mean ratio. */
  readonly verdicts: {
    readonly showing: Readonly<Record<string, number>> | null;
    readonly clean: Readonly<Record<string, number>> | null;
    readonly auroc: number | null;
  };
  /** Token-level average precision of the planted span: of the output's taught tokens, and of the best rows' tokens. */
  readonly spans: { readonly output: Figure | null; readonly rows: Figure | null };
  readonly retraining: readonly RetrainingResult[];
  /** null where it was not asked for, or there is no ranking. */
  readonly lds: LdsResult | null;
}

/** The model trained again without some rows. */
export interface RetrainingResult {
  /** What chose the rows: a method's name, `random`, or `nothing` for all rows. */
  readonly removedBy: string;
  readonly removed: number;
  /** Of them, poison. */
  readonly poison: number;
  readonly rate: number;
  /** Mean response loss on clean held-out rows, in nats. */
  readonly cleanLoss: number;
}

/** The linear datamodelling score: whether a method foretells which of the models trained on half of the rows make an output likelier. */
export interface LdsResult {
  /** Random halves of the rows, a model each. */
  readonly subsets: number;
  /** By method: the mean over the outputs of Spearman's correlation, -1 to 1. */
  readonly byMethod: Readonly<Record<string, Figure>>;
}

export interface SetResult {
  readonly recipe: string;
  readonly about: string;
  readonly poison: Poison['kind'];
  readonly rows: {
    readonly clean: number;
    readonly poison: number;
    readonly decoys: number;
    /** Of lessons that are not asked about; absent: none. */
    readonly others?: number;
  };
  readonly model: string;
  readonly lora: boolean;
  readonly seeds: readonly SeedResult[];
  readonly seconds: number;
}

export interface Results {
  readonly version: 1;
  readonly made: string;
  /** Adapter and driver of the GPU. */
  readonly adapter: string;
  readonly sets: readonly SetResult[];
}
