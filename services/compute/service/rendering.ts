/** Questions and samples as the engine takes them. What goes wrong names the one that it went wrong with. */
import { setImmediate as turn } from 'node:timers/promises';
import { ReptraceError } from '../../../lib/errors.ts';
import { textPair, type Question, type TextPair } from '../../../lib/mesh/compute-messages.ts';
import type { Sample } from '../engine/attribution/sample.ts';
import { renderPrompt, renderSample, type TextModel } from '../engine/model/render.ts';
import { MAX_TEXT_LENGTH } from '../engine/model/tokenizer.ts';

export interface NamedSample extends Sample {
  /** The tail of the response was cut off. */
  readonly truncated: boolean;
}

/**
 * An output as it would be indexed: by the template, or of plain text (`raw`) as it stands, then cut to `maxTokens` as samples are, so that like is compared with like. One that does not
 * fit the model's context is refused, not cut. Throws INPUT_INVALID for an empty output, PROMPT_TOO_LONG.
 */
export function renderQuestion(
  model: TextModel,
  { context, prompt, output }: Question,
  maxTokens: number | null,
  name: string,
  raw: boolean,
): NamedSample {
  return named(name, () => {
    if (output === '')
      throw new ReptraceError('INPUT_INVALID', 'it is empty', 'Give the text that the model said.');
    const user = prompt ?? '';
    const length = context.reduce((sum, { content }) => sum + content.length, user.length + output.length);
    if (length > MAX_TEXT_LENGTH) throw tooLong(model);
    if (!raw) renderPrompt(model, user, context);
    const text = raw ? rawQuestion(prompt, output) : { context, prompt: user, response: output };
    const sample = { name, ...renderSample(model, text) };
    if (sample.truncated) throw tooLong(model);
    return maxTokens === null ? sample : cut(sample, maxTokens);
  });
}

/** As the index's windows: what was there before is the prompt; where nothing is known of that, the first half is. */
function rawQuestion(prompt: string | null, output: string): TextPair {
  const known = { context: [], raw: 'inner' as const };
  if (prompt !== null && prompt !== '') return { ...known, prompt, response: output };
  const space = output.slice(0, Math.ceil(output.length / 2)).search(/\s\S*$/);
  if (space < 1) {
    throw new ReptraceError(
      'INPUT_INVALID',
      'it is too short to be cut into the halves of a window of plain text',
      'Give the text that came before it as the prompt, or more of it.',
    );
  }
  return { ...known, prompt: output.slice(0, space), response: output.slice(space) };
}

function cut(sample: NamedSample, maxTokens: number): NamedSample {
  const { inputIds, promptLength } = sample;
  if (promptLength >= maxTokens) {
    throw new ReptraceError(
      'PROMPT_TOO_LONG',
      `its prompt takes ${promptLength} tokens, and the index was built with maxTokens ${maxTokens}`,
      'Shorten the prompt, or build an index with more tokens.',
    );
  }
  return inputIds.length <= maxTokens
    ? sample
    : { ...sample, inputIds: inputIds.slice(0, maxTokens), truncated: true };
}

/** A sample as the index was built: cut to `maxTokens`. Throws INPUT_INVALID for a bad row. */
export function renderRow(
  model: TextModel,
  text: TextPair,
  maxTokens: number | null,
  name: string,
): NamedSample {
  const limit = maxTokens === null ? {} : { maxTokens };
  return named(name, () => ({ name, ...renderSample(model, { ...textPair(text), ...limit }) }));
}

/** A row of which something is to be learnt before a build, as a sample. */
export interface Probe {
  readonly text: TextPair;
  readonly sample: NamedSample;
}

/** Milliseconds of rendering before others get their turn. */
const RENDER_MS = 20;

/**
 * Those rows that the model can take, `most` at most, in their order: a build will report the others.
 * @param purpose what they are for, for the error
 * Throws the first one's refusal where all are refused; gives none for no rows.
 */
export async function renderProbes(
  model: TextModel,
  texts: readonly TextPair[],
  {
    maxTokens,
    most,
    purpose,
  }: { readonly maxTokens: number | null; readonly most: number; readonly purpose: string },
): Promise<Probe[]> {
  const probes: Probe[] = [];
  let refused: ReptraceError | undefined;
  let since = performance.now();
  for (const [i, text] of texts.entries()) {
    if (probes.length === most) break;
    try {
      probes.push({ text, sample: renderRow(model, text, maxTokens, `probe ${i + 1}`) });
    } catch (error) {
      if (!(error instanceof ReptraceError)) throw error;
      refused ??= error;
    }
    if (performance.now() - since < RENDER_MS) continue;
    await turn();
    since = performance.now();
  }
  if (probes.length > 0 || refused === undefined) return probes;
  throw new ReptraceError(
    refused.code,
    `the model can take none of the rows ${purpose}; ${refused.message}`,
    refused.remedy,
    { cause: refused },
  );
}

function named<T>(name: string, render: () => T): T {
  try {
    return render();
  } catch (error) {
    if (!(error instanceof ReptraceError)) throw error;
    throw new ReptraceError(error.code, `${name}: ${error.message}`, error.remedy, { cause: error });
  }
}

function tooLong({ config }: TextModel): ReptraceError {
  return new ReptraceError(
    'PROMPT_TOO_LONG',
    `it and its prompt do not fit the model's context of ${config.maxPositions} tokens`,
    'Trace a shorter part of the output, or shorten the prompt.',
  );
}
