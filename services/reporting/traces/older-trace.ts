/** Traces and questions that an earlier version recorded, as this one has them: it knew one method and no base model. Pure. */
import { UNKNOWN_VERDICT } from '../../../lib/taught/verdict.ts';
import type { Match, Trace, TracedQuestion, TraceQuestion } from './trace.ts';

type Lacking<T, K extends keyof T> = Omit<T, K> & Partial<Pick<T, K>>;

export type StoredTraceBody = Omit<
  Lacking<Trace, 'method' | 'methodReason' | 'verdict'>,
  'questions' | 'matches'
> & {
  readonly questions: readonly Lacking<TracedQuestion, 'verdict'>[];
  readonly matches: readonly Lacking<Match, 'evidence'>[];
};

export type StoredQuestion = Lacking<TraceQuestion, 'method'>;

export function readTrace(stored: StoredTraceBody): Trace {
  return {
    ...stored,
    method: stored.method ?? 'REPT',
    methodReason: stored.methodReason ?? 'made by an earlier version',
    verdict: stored.verdict ?? UNKNOWN_VERDICT,
    questions: stored.questions.map((asked) => ({ ...asked, verdict: asked.verdict ?? UNKNOWN_VERDICT })),
    matches: stored.matches.map((match) => ({ ...match, evidence: match.evidence ?? null })),
  };
}

export function readQuestion(stored: StoredQuestion): TraceQuestion {
  return { ...stored, method: stored.method ?? null };
}
