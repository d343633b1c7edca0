/** A trace's id: a digest of the index, what made it, the question and the settings. Pure. */
import { createHash } from 'node:crypto';
import type { OpenIndex, SearchMethod } from '../../../lib/mesh/index-messages.ts';
import { METHOD, scoreOf, VERDICT } from '../../../lib/taught/constants.ts';
import { chooseMethod } from './choose-method.ts';
import type { TraceQuestion } from './trace.ts';

/** Each grows when the same question would be answered otherwise. VERDICT is part of all, as every trace has one. */
const FORMULAS: Readonly<Record<Exclude<SearchMethod, 'TAUGHT'>, string>> = {
  REPT: 'two-block 1',
  RAW: 'concatenated 1',
};
const DIGITS = 32;

/** Throws what choosing the method throws. */
export function traceId(index: OpenIndex, question: TraceQuestion): string {
  const { id, manifestDigest } = index;
  const { questions, top, tokens, filter, exact } = question;
  // The reason too: a trace says it.
  const { method, reason, alpha } = chooseMethod(question, index);
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
  const { taught } = index.manifest;
  const formula = method === 'TAUGHT' ? scoreOf(taught?.method ?? METHOD) : FORMULAS[method];
  const chosen = [VERDICT, formula, method, reason, alpha];
  const parts = [chosen, id, manifestDigest, asked, top, tokens, conditions, exact];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, DIGITS);
}

function sorted(texts: readonly string[] | undefined): readonly string[] | null {
  return texts === undefined ? null : [...texts].sort();
}
