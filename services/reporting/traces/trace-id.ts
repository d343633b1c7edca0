/** A trace's id: a digest of the index, what made it, the question and the settings. Pure. */
import { createHash } from 'node:crypto';
import type { OpenIndex } from '../../../lib/mesh/index-messages.ts';
import type { TraceQuestion } from './trace.ts';

/** Grows when the same question would be answered otherwise. */
const METHOD = 'two-block 1';
const DIGITS = 32;

export function traceId({ id, manifestDigest }: OpenIndex, question: TraceQuestion): string {
  const { questions, alpha, top, tokens, filter, exact } = question;
  const asked = questions.map(({ context, prompt, output }) => [
    context.map(({ role, content }) => [role, content]),
    prompt,
    output,
  ]);
  const { labels, withoutLabels, metadata, rows } = filter ?? {};
  const conditions = [
    sorted(labels),
    sorted(withoutLabels),
    metadata?.map(({ key, values }) => [key, sorted(values)]) ?? null,
    rows === undefined ? null : [...rows].sort((a, b) => a - b),
  ];
  const parts = [METHOD, id, manifestDigest, asked, alpha, top, tokens, conditions, exact];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, DIGITS);
}

function sorted(texts: readonly string[] | undefined): readonly string[] | null {
  return texts === undefined ? null : [...texts].sort();
}
