/** What the index service answers over the bus. */
import type { SampleFilter, SampleText } from '../../services/index/stores/signature-store.ts';
import { procedure, type Procedure } from '../bus/procedure.ts';
import type { ErrorCode } from '../errors.ts';
import type { Beginning, TaughtToken } from '../taught/lesson.ts';
import type { LayerDecision, LayerVectors, TaughtSetup } from './compute-messages.ts';

/** A sample's signature, or why it has none. */
export type SignedRow =
  | {
      readonly row: number;
      readonly layers: readonly LayerVectors[];
      readonly loss: number;
      readonly truncated: boolean;
      /** Packed (lib/taught/lesson.ts); null where the task has no setup. */
      readonly lesson: Uint8Array | null;
    }
  | { readonly row: number; readonly code: ErrorCode; readonly reason: string };

export type SignReport =
  /** Some or all rows of a task. */
  | { readonly kind: 'signed'; readonly rows: readonly SignedRow[] }
  /** The task of this id in the queue, of these rows, was delivered too often: hand it out again in halves; a single row is given up. */
  | { readonly kind: 'split'; readonly task: string; readonly rows: readonly number[] }
  /** No worker can sign any row of this index, its model being gone or changed, say: the build fails with this error. */
  | {
      readonly kind: 'impossible';
      readonly code: ErrorCode;
      readonly message: string;
      readonly remedy: string;
    };

/**
 * Where workers bring what they signed; answered when the store has it. Only the service that runs this index's build serves
 * it: SERVICE_UNAVAILABLE means that it is away (wait, it comes back) or that the build has ended.
 * `goOn: false`: the build is cancelled; drop the task.
 */
export function reportSigned(index: string): Procedure<SignReport, { readonly goOn: boolean }> {
  return procedure(`index.signed.${index}`, 60_000);
}

/** What made an index; stored with it, shown with it, part of every trace's identity. */
export interface Manifest {
  readonly version: string;
  readonly model: {
    readonly digest: string;
    readonly path: string;
    readonly adapter: string | null;
    readonly architecture: string;
    readonly layers: number;
    readonly hiddenSize: number;
  };
  readonly template: string | null;
  readonly maxTokens: number | null;
  readonly layers: LayerDecision;
  readonly precision: 'f32' | 'mixed';
  readonly dataset: {
    readonly path: string;
    /** SHA-256 of the file's first `bytes` bytes, its whole length when it was indexed last. */
    readonly digest: string;
    readonly bytes: number;
    /** Samples, those that cannot be read too. */
    readonly rows: number;
    readonly columns: Readonly<Record<string, string>>;
    /** Of chats: which assistant turns are samples. null for other data. */
    readonly turns: 'last' | 'all' | null;
    /** Of plain text: characters of a window, at most. null for other data. */
    readonly textWindow: number | null;
  };
  /** What the taught tokens are made with; null for an index without a base model. */
  readonly taught: TaughtManifest | null;
}

export interface TaughtManifest {
  /** `lib/taught/constants.ts`: METHOD, when the index was begun. */
  readonly method: string;
  readonly base: { readonly digest: string; readonly path: string };
  /** Where token rows are taken: the model's last layer. */
  readonly layer: number;
  readonly tokens: number;
  readonly dims: number;
  readonly seed: number;
  /** [dims]; see TaughtSetup. */
  readonly centre: readonly number[];
  /** See TaughtSetup. */
  readonly beginningCentre?: readonly number[];
  /** SHA-256 over the mean hidden states at p, float32, layer after layer. */
  readonly hiddenCentres: string;
  readonly centreRows: number;
  /** See TaughtPreparation. */
  readonly nullRatios: readonly number[];
}

/** What the samples of such an index are signed with, and outputs that are compared with them. */
export function taughtSetup({ base, seed, centre, beginningCentre }: TaughtManifest): TaughtSetup {
  const setup = { base, seed, centre: Float32Array.from(centre) };
  return beginningCentre === undefined
    ? setup
    : { ...setup, beginningCentre: Float32Array.from(beginningCentre) };
}

export interface OpenIndex {
  readonly id: string;
  readonly name: string;
  readonly manifest: Manifest;
  /** SHA-256 over the manifest and over how often samples were added or erased. */
  readonly manifestDigest: string;
}

/**
 * An index ready to be traced in, by id or name, or the only one there is. Throws INDEX_NOT_FOUND, INDEX_AMBIGUOUS,
 * INDEX_NOT_READY, DATASET_CHANGED, DATASET_NOT_FOUND.
 */
export const openIndex = procedure<{ readonly index: string | null }, OpenIndex>('index.open', 60_000);

/** Id of an index by id or name, whatever its state, its dataset and model. Throws INDEX_NOT_FOUND. */
export const identifyIndex = procedure<{ readonly index: string }, { readonly id: string }>(
  'index.identify',
  60_000,
);

/** Which formula ranks: taught tokens; RepT's two unit blocks weighed by alpha; or the released code's plain concatenation. */
export type SearchMethod = 'TAUGHT' | 'REPT' | 'RAW';

/** A word of an output that met a word of a sample; or p of both, where neither has begun. */
export interface Evidence {
  /** Of the queries. */
  readonly output: number;
  readonly outputPosition: number;
  readonly samplePosition: number;
  /**
   * What the pair added to the score, in an index of METHOD 'taught 1' before the score's factor of h and g; a sample's pairs,
   * strongest first.
   */
  readonly weight: number;
}

export interface SearchHit {
  readonly sample: SampleText;
  /** By the method; float64. */
  readonly score: number;
  /** Mean over the layers (and queries) of cos(h, h') and of cos(g, g'); of TAUGHT h is centred, and counts 0 without a prompt. */
  readonly hiddenScore: number;
  readonly gradientScore: number;
  /** Of TAUGHT, at most 16 pairs; null otherwise. */
  readonly evidence: readonly Evidence[] | null;
}

/** Nearest samples to the mean of the queries. Vectors are as the model has them; the index makes the unit blocks. */
export const searchIndex = procedure<
  {
    readonly index: string;
    readonly queries: readonly (readonly LayerVectors[])[];
    readonly method: SearchMethod;
    /** Of TAUGHT: the most taught tokens of each query. */
    readonly lessons: readonly (readonly TaughtToken[])[] | null;
    /** Of TAUGHT: p of each query; none where it means nothing, or the index's samples have none. */
    readonly beginnings?: readonly Beginning[] | null | undefined;
    /** Of TAUGHT: whether the queries have prompts, so that their hidden states at p mean anything. */
    readonly prompted: boolean;
    /** Of REPT. */
    readonly alpha: number;
    readonly top: number;
    /** Best hits that are known already: an answer holds as many as one message takes, and says if there are more. */
    readonly skip: number;
    readonly filter: SampleFilter | null;
    readonly exact: boolean;
  },
  {
    readonly hits: readonly SearchHit[];
    readonly more: boolean;
    readonly exact: boolean;
    /**
     * Measured share of the exact top 10 (of TAUGHT 50) that such a search finds; 1 for an exact one, null where it was not
     * measured.
     */
    readonly recall: number | null;
  }
>('index.search', 120_000);

/** A hint, on `progress.<index id>`: something about this index has changed; look. */
export const progressSubject = (index: string): string => `progress.${index}`;
