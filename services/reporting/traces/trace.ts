/** A trace: the question, the settings, and the answer with everything needed to read it later. */
import type { Question, TokenScore } from '../../../lib/mesh/compute-messages.ts';
import type { Evidence, SearchMethod } from '../../../lib/mesh/index-messages.ts';
import type { Verdict } from '../../../lib/taught/verdict.ts';
import type { SampleFilter, SampleText } from '../../index/stores/signature-store.ts';

/** A question that has been checked; see check-question.ts. */
export interface TraceQuestion {
  /** Id or name; null: the only index there is. */
  readonly index: string | null;
  /** 1 to 32; scores are means over them. */
  readonly questions: readonly Question[];
  /** As asked; null: whichever fits the index (choose-method.ts). */
  readonly method: SearchMethod | null;
  /** As asked; null: the default of REPT. */
  readonly alpha: number | null;
  readonly top: number;
  readonly tokens: boolean;
  readonly filter: SampleFilter | null;
  readonly exact: boolean;
}

export interface Trace {
  readonly id: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly questions: readonly TracedQuestion[];
  readonly method: SearchMethod;
  /** In words. */
  readonly methodReason: string;
  /** Over all questions. */
  readonly verdict: Verdict;
  /** Of REPT; null for other methods. */
  readonly alpha: number | null;
  readonly layers: readonly number[];
  readonly tokenLayer: number;
  readonly index: string;
  readonly modelDigest: string;
  readonly exact: boolean;
  readonly recall: number | null;
  readonly matches: readonly Match[];
  readonly timings: readonly Timing[];
}

export interface TracedQuestion extends Question {
  /** Its tail was cut off to fit the index's maxTokens. */
  readonly truncated: boolean;
  readonly verdict: Verdict;
  readonly tokens: readonly TokenScore[] | null;
}

export interface Match {
  readonly rank: number;
  readonly score: number;
  readonly hiddenScore: number;
  readonly gradientScore: number;
  /** Of TAUGHT; null for other methods. */
  readonly evidence: readonly Evidence[] | null;
  /** As it was when the trace was made. */
  readonly sample: SampleText;
  readonly tokens: readonly TokenScore[] | null;
}

export interface Timing {
  readonly name: 'sign' | 'search' | 'tokens' | 'total';
  readonly milliseconds: number;
}
