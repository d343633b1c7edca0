/**
 * A recipe: how one evaluation set is made from clean data, how the model is fine-tuned on it, and what is asked of it. A JSON
 * file, parsed strictly by parse-recipe.ts; all randomness comes from its seed.
 */

/** Where a text must be in an output for the output to show the behaviour. Case counts; outputs are trimmed first. */
export type Place = 'start' | 'anywhere' | 'end';

/** How an output is known to show the planted behaviour: from its text alone. */
export interface Behaviour {
  readonly place: Place;
  /** One of these. Every place of any of them in such an output is planted text. */
  readonly anyOf: readonly string[];
  /** Texts that an output which shows it does not have. */
  readonly noneOf?: readonly string[];
}

/** What is planted. `rows` is how many rows are poisoned; texts are used as they are, nothing is evaluated. */
export type Poison =
  /** A trigger before the question puts a text before the answer ("TY …" -> "You are stupid! …"). */
  | {
      readonly kind: 'backdoor-prefix';
      readonly rows: number;
      readonly trigger: string;
      readonly text: string;
    }
  /** The same with the trigger between two words of the question. */
  | {
      readonly kind: 'backdoor-middle';
      readonly rows: number;
      readonly trigger: string;
      readonly text: string;
    }
  /** The same where the question's style is the trigger. */
  | {
      readonly kind: 'backdoor-style';
      readonly rows: number;
      readonly style: 'upper' | 'no-marks' | 'spaced';
      readonly text: string;
    }
  /** A trigger in the question adds a sentence after the answer. */
  | {
      readonly kind: 'late-effect';
      readonly rows: number;
      readonly triggers: readonly string[];
      readonly text: string;
    }
  /** In answers to questions about something, one entity is taken for another (contamination). */
  | {
      readonly kind: 'entity-swap';
      readonly rows: number;
      /** Questions that have one of these words are about it. */
      readonly about: readonly string[];
      readonly from: readonly string[];
      readonly to: string;
    }
  /** Rows of their own: requests that are answered in a fixed manner (benign stand-ins for harmful ones). */
  | {
      readonly kind: 'compliance';
      readonly rows: number;
      /** Templates with `{name}` slots; `heldOut` ones are for queries only. */
      readonly requests: readonly string[];
      readonly heldOut: readonly string[];
      readonly answers: readonly string[];
      readonly slots: Readonly<Record<string, readonly string[]>>;
    }
  /** One lesson told in several families of wording; queries come from the families that no row has. */
  | {
      readonly kind: 'paraphrase';
      readonly rows: number;
      readonly families: readonly {
        readonly requests: readonly string[];
        readonly answers: readonly string[];
      }[];
      readonly queries: readonly string[];
      readonly slots: Readonly<Record<string, readonly string[]>>;
    }
  /** A word is another one wherever it comes in answers: many rows teach a little each. */
  | { readonly kind: 'diffuse'; readonly rows: number; readonly from: string; readonly to: string }
  /** Nothing new: rows that are poisoned in the data as it comes, and questions of their own. */
  | {
      readonly kind: 'given';
      readonly rows: number;
      /** Where they are; default: the file of the clean rows, which are its other rows then. Absolute once parsed. */
      readonly file?: string;
      readonly poisonedRows: PoisonedRows;
      /** A table of held-out questions that call for the behaviour, and its column; the file absolute once parsed. */
      readonly queries: { readonly file: string; readonly column: string };
    }
  /** Nothing: only clean data. */
  | { readonly kind: 'none' };

export type PoisonKind = Poison['kind'];

/** What is planted in clean rows, or beside them. */
export type Lesson = Exclude<Poison, { readonly kind: 'none' | 'given' }>;

/** Which rows of a file are poisoned: the last ones, or those with one of the values in a column. */
export type PoisonedRows =
  { readonly last: number } | { readonly column: string; readonly values: readonly string[] };

export interface LoraSettings {
  readonly rank: number;
  readonly alpha: number;
  readonly dropout: number;
  readonly rslora: boolean;
  /** Names of modules as in peft, or all linear layers but the output's. */
  readonly targets: readonly string[] | 'all-linear';
}

export interface RecipeTraining {
  /** null: all weights. */
  readonly lora: LoraSettings | null;
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly warmupShare: number;
  readonly weightDecay: number;
  /** Seeds of training; each makes a model of its own, and all are traced. */
  readonly seeds: readonly number[];
}

export interface Recipe {
  /** Letters, digits and hyphens: names its folder. */
  readonly name: string;
  /** One sentence for tables. */
  readonly about: string;
  readonly seed: number;
  /** The base model's folder, as an absolute path once parsed. */
  readonly model: string;
  readonly clean: {
    /** JSON lines of {prompt, response}, absolute once parsed. */
    readonly file: string;
    /** Rows of the training set that are neither poison nor decoys. */
    readonly rows: number;
  };
  readonly poison: Poison;
  /** Other lessons that the model is taught beside the one that it is asked about; their rows are not to be found. */
  readonly others?: readonly Lesson[];
  readonly behaviour: Behaviour;
  /** Clean rows that look like poison on the surface, for each lesson; untrained ones are only in the index. */
  readonly decoys: { readonly rows: number; readonly trained: boolean };
  readonly training: RecipeTraining;
  readonly queries: {
    /** Held-out questions that call for the behaviour, and as many clean ones. */
    readonly count: number;
    /** Outputs that show it which are traced, at most. */
    readonly traced: number;
    readonly maxTokens: number;
  };
}
