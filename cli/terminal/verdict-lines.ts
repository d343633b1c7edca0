/** A trace's verdict for a person, before anything else: did the fine-tuning teach it, and what to do where that is not known. */
import type { TraceFields, VerdictResult } from '../client/results.ts';
import { safeText } from './safe-text.ts';
import { wrapped } from './wrapped.ts';

/** The verdict over all outputs; those of each where they differ; what the matches are where nothing was taught. */
export function verdictLines(
  { verdict, questions, matches }: Pick<TraceFields, 'verdict' | 'questions' | 'matches'>,
  width: number,
): string[] {
  const lines = wrapped(`${named(verdict)}: ${safeText(verdict.words)}`, width, '  ');
  if (verdict.remedy !== null) lines.push(...indented(safeText(verdict.remedy), width));
  if (questions.length > 1 && questions.some((question) => question.verdict.state !== verdict.state)) {
    const each = questions.map((question) => named(question.verdict)).join(', ');
    lines.push(...indented(`by output: ${each}`, width));
  }
  if (verdict.state === 'NOT_TAUGHT' && matches.length > 0) {
    lines.push(...indented('The rows below are the nearest of the dataset, not the source.', width));
  }
  return lines;
}

function indented(text: string, width: number): string[] {
  return wrapped(text, width - 2).map((line) => `  ${line}`);
}

function named({ state }: VerdictResult): string {
  return state.replace('_', ' ');
}
