/** A trace: the question, the settings, and the answer with everything needed to read it later. */
import type { Question, TokenScore } from '../../../lib/mesh/compute-messages.ts';
import type { SampleFilter, SampleText } from '../../index/stores/signature-store.ts';

/** A question that has been checked; see check-question.ts. */
export interface TraceQuestion {
  /** Id or name; null: the only index there is. */
  readonly index: string | null;
  /** 1 to 32; scores are means over them. */
  readonly questions: readonly Question[];
  readonly alpha: number;
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
  readonly alpha: number;
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
  readonly tokens: readonly TokenScore[] | null;
}

export interface Match {
  readonly rank: number;
  readonly score: number;
  readonly hiddenScore: number;
  readonly gradientScore: number;
  /** As it was when the trace was made. */
  readonly sample: SampleText;
  readonly tokens: readonly TokenScore[] | null;
}

export interface Timing {
  readonly name: 'sign' | 'search' | 'tokens' | 'total';
  readonly milliseconds: number;
}
