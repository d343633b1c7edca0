/**
 * Cases as the command line takes them: JSON lines of {name, prompt, response}, rendered with the model's template, or of
 * {name, inputIds, promptLength}. A line that cannot be taken keeps its place, with its error.
 */
import { reasonOf, ReptraceError } from '../../../../lib/errors.ts';
import { renderSample, type TextModel } from '../model/render.ts';
import type { Sample } from './sample.ts';

export type ParsedCase =
  | { readonly name: string; readonly sample: Sample }
  | { readonly name: string; readonly error: ReptraceError };

/** Throws INPUT_INVALID when there is no case at all, or a name twice. */
export function parseCases(text: string, model: TextModel, maxTokens?: number): ParsedCase[] {
  const cases = text
    .split('\n')
    .map((line, index) => ({ line, label: `line ${index + 1}` }))
    .filter(({ line }) => line.trim() !== '')
    .map(({ line, label }) => parseCase(line, label, model, maxTokens));
  if (cases.length === 0) throw invalid('there are no cases', 'Give at least one JSON line.');
  const seen = new Set<string>();
  for (const { name } of cases) {
    if (seen.has(name)) throw invalid(`two cases are named "${name}"`, 'Give every case a name of its own.');
    seen.add(name);
  }
  return cases;
}

function parseCase(line: string, label: string, model: TextModel, maxTokens?: number): ParsedCase {
  let name = label;
  try {
    const value = JSON.parse(line) as unknown;
    if (typeof value !== 'object' || value === null) throw invalid(`${label} is not a JSON object`, FORMS);
    const fields = value as Readonly<Record<string, unknown>>;
    if (typeof fields['name'] === 'string') name = fields['name'];
    return { name, sample: { name, ...tokensOf(fields, name, model, maxTokens) } };
  } catch (error) {
    if (error instanceof ReptraceError) {
      const { code, message, remedy } = error;
      return {
        name,
        error: new ReptraceError(
          code,
          message.includes(name) ? message : `case "${name}": ${message}`,
          remedy,
        ),
      };
    }
    return { name, error: invalid(`${label} is no JSON: ${reasonOf(error)}`, FORMS) };
  }
}

const FORMS = 'Write {"name","prompt","response"} or {"name","inputIds","promptLength"}.';

function tokensOf(
  fields: Readonly<Record<string, unknown>>,
  name: string,
  model: TextModel,
  maxTokens?: number,
): { inputIds: readonly number[]; promptLength: number } {
  const { prompt, response, inputIds, promptLength } = fields;
  if (typeof prompt === 'string' && typeof response === 'string') {
    return renderSample(model, { prompt, response, ...(maxTokens === undefined ? {} : { maxTokens }) });
  }
  if (
    Array.isArray(inputIds) &&
    inputIds.every((id) => typeof id === 'number') &&
    typeof promptLength === 'number'
  ) {
    return { inputIds: inputIds.slice(0, maxTokens), promptLength };
  }
  throw invalid(`case "${name}" has neither prompt and response nor inputIds and promptLength`, FORMS);
}

function invalid(message: string, remedy: string): ReptraceError {
  return new ReptraceError('INPUT_INVALID', message, remedy);
}
