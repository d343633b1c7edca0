/** What the operations of documents.ts give, and the step from a union with a failure to a value or a throw. */
import { ReptraceError, type ErrorCode } from '../../lib/errors.ts';
import type { Evidence, SearchMethod, TaughtManifest } from '../../lib/mesh/index-messages.ts';
import type { Verdict } from '../../lib/taught/verdict.ts';

export type IndexState = 'QUEUED' | 'RUNNING' | 'CANCELLED' | 'FAILED' | 'COMPLETED';

export interface ProgressResult {
  readonly cursor: string;
  readonly state: IndexState;
  readonly done: number;
  readonly total: number;
  readonly failed: number;
  readonly samplesPerSecond: number | null;
  readonly etaSeconds: number | null;
  /** What a running build waits for. */
  readonly waiting: FailureResult | null;
}

export interface FailureResult {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
}

export interface IndexResult {
  readonly id: string;
  readonly name: string;
  readonly state: IndexState;
  readonly createdAt: string;
  readonly samples: number;
  readonly plan: {
    readonly total: number;
    readonly kept: number;
    readonly toSign: number;
    readonly summary: string;
  } | null;
  readonly progress: ProgressResult;
  readonly model: { readonly id: string } | null;
  readonly dataset: { readonly path: string; readonly digest: string | null; readonly rows: number | null };
  readonly manifest: {
    readonly model?: { readonly path: string; readonly adapter: string | null };
    readonly layers?: { readonly layers: readonly number[]; readonly rule: string };
    /** null, or not there in indexes of before, where there is no base model. */
    readonly taught?: Pick<TaughtManifest, 'base' | 'method' | 'nullRatios'> | null;
  } | null;
  readonly error: FailureResult | null;
  readonly failures: readonly {
    readonly row: number;
    readonly line: number | null;
    readonly code: ErrorCode;
    readonly reason: string;
  }[];
}

/** What a build would do and take. */
export interface PlanResult {
  readonly action: 'CREATE' | 'RESUME' | 'ADD_ROWS' | 'NOTHING';
  readonly summary: string;
  readonly rows: number;
  readonly rowsExact: boolean;
  readonly sourceRows: number;
  readonly unreadable: number;
  readonly kept: number;
  readonly toSign: number;
  readonly refusedShare: number;
  readonly failures: IndexResult['failures'];
  readonly tokens: {
    readonly total: number;
    readonly sampled: number;
    readonly mean: number;
    readonly p95: number;
    readonly max: number;
    readonly truncatedShare: number;
  };
  readonly layers: { readonly layers: readonly number[]; readonly decided: boolean };
  /** Bytes. */
  readonly memory: {
    readonly weights: number;
    readonly weightsAtOnce: number;
    readonly activations: number;
    readonly available: number | null;
    readonly mode: 'RESIDENT' | 'STREAMED';
  };
  readonly flops: number;
  readonly seconds: {
    readonly low: number;
    readonly high: number;
    readonly flopsPerSecond: number;
    readonly speedOf: 'BATCHES' | 'TRIAL';
  };
  readonly storeBytes: number;
  readonly gpu: string;
}

export interface TokenResult {
  readonly text: string;
  readonly score: number;
  /** Nats; null for the prompt's, and without a base model. */
  readonly taught: number | null;
  readonly part: 'PROMPT' | 'RESPONSE';
  readonly position: number;
}

export interface TurnResult {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface SampleResult {
  readonly id: string;
  readonly row: number;
  readonly line: number;
  readonly sourceRow: number;
  /** null where every row of the dataset is one sample. */
  readonly part: number | null;
  readonly context: readonly TurnResult[];
  readonly prompt: string;
  readonly response: string;
  readonly raw: boolean;
  readonly label: string | null;
  readonly metadata: unknown;
}

/** What the index says of the dataset's lessons, before any output is seen. */
export interface MostTaughtResult {
  readonly index: { readonly id: string; readonly name: string };
  readonly samples: readonly (SampleResult & { readonly taught: number | null })[];
}

export interface MatchResult {
  readonly rank: number;
  readonly score: number;
  readonly hiddenScore: number;
  readonly gradientScore: number;
  /** The strongest first; null for methods other than TAUGHT. */
  readonly evidence: readonly Evidence[] | null;
  readonly sample: SampleResult;
  readonly tokens: readonly TokenResult[] | null;
}

export type VerdictResult = Verdict;

export interface TraceFields {
  readonly id: string;
  readonly output: string;
  readonly prompt: string | null;
  readonly context: readonly TurnResult[];
  readonly method: SearchMethod;
  readonly methodReason: string;
  readonly verdict: VerdictResult;
  /** Of REPT; null for other methods. */
  readonly alpha: number | null;
  readonly layers: readonly number[];
  readonly tokenLayer: number;
  readonly exact: boolean;
  readonly recall: number | null;
  readonly index: { readonly id: string; readonly name: string } | null;
  readonly model: { readonly id: string; readonly digest: string } | null;
  /** All outputs, the first included. */
  readonly questions: readonly {
    readonly context: readonly TurnResult[];
    readonly prompt: string | null;
    readonly output: string;
    readonly truncated: boolean;
    readonly verdict: VerdictResult;
    readonly tokens: readonly TokenResult[] | null;
  }[];
  readonly outputTokens: readonly TokenResult[] | null;
  readonly matches: readonly MatchResult[];
  readonly timings: readonly { readonly name: string; readonly milliseconds: number }[];
}

/** A member of a result union, told apart by `__typename`. */
export type Member<T> =
  (T & { readonly __typename: string }) | (FailureResult & { readonly __typename: string });

/** The value, or its failure thrown. */
export function valueOf<T extends object>(member: Member<T>): T & { readonly __typename: string } {
  if ('remedy' in member && 'code' in member) {
    throw new ReptraceError(member.code, member.message, member.remedy);
  }
  return member;
}
