/**
 * From a training sample to token ids, as the model was fine-tuned (design: "The method"): the ids are those of the
 * whole rendering, and the response begins where they part from the ids of the prompt's own rendering.
 *
 * With a chat template, the template writes every special token itself, and none is added. Without one, a sample is
 * `[INST] PROMPT [/INST]RESPONSE` and the text of EOS, after one BOS; turns before the prompt have no form there. A window
 * of plain text is itself, as in pre-training: one BOS, no template, and EOS where the text ends.
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import { requireTokenizer, type ModelText } from './model-text.ts';
import type { ChatMessage } from './template.ts';
import type { ModelTokenizer } from './tokenizer.ts';

export interface Sample {
  /** Turns before the prompt's. Default: none. */
  readonly context?: readonly ChatMessage[];
  readonly prompt: string;
  readonly response: string;
  /** A window of plain text, of which prompt and response are the halves; the `last` one ends with EOS. Default: a chat. */
  readonly raw?: 'inner' | 'last' | null;
  /** Longer samples lose the tail of their response. Default, and at most: the model's context. */
  readonly maxTokens?: number;
}

export interface RenderedSample {
  readonly inputIds: number[];
  /** Ids before the response; at least 1, below inputIds.length. */
  readonly promptLength: number;
  /** Whether the tail of the response was cut off. */
  readonly truncated: boolean;
}

/** What rendering needs of a model folder; weights are not among it. */
export type TextModel = Pick<ModelText, 'path' | 'config' | 'tokenizer' | 'template'>;

/**
 * Throws INPUT_INVALID for a sample that cannot be one (a bad row), TEMPLATE_INVALID when the template refuses its turns.
 */
export function renderSample(model: TextModel, sample: Sample): RenderedSample {
  const limit = tokenLimit(model, sample.maxTokens);
  const { whole, opening } = idsOf(model, requireTokenizer(model), sample);
  const promptLength = commonPrefix(whole, opening);

  if (promptLength === 0) {
    throw badRow(
      'its rendering and that of its prompt have no token in common',
      "Check the model's chat template.",
    );
  }
  if (promptLength === whole.length) {
    throw badRow('no token of its rendering belongs to the response', 'Give the row a response.');
  }
  if (promptLength >= limit) {
    throw badRow(
      `its prompt takes ${promptLength} tokens, and with ${limit} allowed no token of the response is left`,
      'Shorten what comes before the response, or allow more tokens.',
    );
  }
  const truncated = whole.length > limit;
  return { inputIds: truncated ? whole.slice(0, limit) : whole, promptLength, truncated };
}

/** The prompt alone, with what came before it, up to where the model is to go on; for generation. */
export function renderPrompt(
  model: TextModel,
  prompt: string,
  context: readonly ChatMessage[] = [],
): number[] {
  const ids = renderPromptIds(model, requireTokenizer(model), prompt, context);
  if (ids.length >= model.config.maxPositions) {
    throw new ReptraceError(
      'PROMPT_TOO_LONG',
      `The prompt takes ${ids.length} tokens; the model's context of ${model.config.maxPositions} leaves no room for an answer.`,
      'Shorten the prompt.',
    );
  }
  return ids;
}

/** A plain text for pre-training: BOS, the text, EOS. */
export function renderText(model: TextModel, text: string): number[] {
  const tokenizer = requireTokenizer(model);
  const ids = plainIds(tokenizer, text);
  return tokenizer.eosId === null ? ids : [...ids, tokenizer.eosId];
}

/** Of the whole sample, and of what comes before its response. */
function idsOf(
  model: TextModel,
  tokenizer: ModelTokenizer,
  { context = [], prompt, response, raw = null }: Sample,
): { readonly whole: number[]; readonly opening: number[] } {
  if (raw !== null) {
    const ids = plainIds(tokenizer, prompt + response);
    const end = raw === 'last' && tokenizer.eosId !== null ? [tokenizer.eosId] : [];
    return { whole: [...ids, ...end], opening: plainIds(tokenizer, prompt) };
  }
  const opening = renderPromptIds(model, tokenizer, prompt, context);
  if (model.template === null) {
    const text = `${plainPrompt(prompt)}${response}${tokenizer.eosToken ?? ''}`;
    return { whole: plainIds(tokenizer, text), opening };
  }
  const answer: ChatMessage = { role: 'assistant', content: response };
  const turns: readonly ChatMessage[] = [...context, { role: 'user', content: prompt }, answer];
  return { whole: templateIds(model, tokenizer, turns, false), opening };
}

function renderPromptIds(
  model: TextModel,
  tokenizer: ModelTokenizer,
  prompt: string,
  context: readonly ChatMessage[],
): number[] {
  if (model.template !== null)
    return templateIds(model, tokenizer, [...context, { role: 'user', content: prompt }], true);
  if (context.length === 0) return plainIds(tokenizer, plainPrompt(prompt));
  throw badRow(
    `${context.length} ${context.length === 1 ? 'turn comes' : 'turns come'} before its prompt, and the model has no chat template to render them by`,
    "Add the model's chat_template.jinja to its folder, or leave out what comes before the prompt.",
  );
}

function plainPrompt(prompt: string): string {
  return `[INST] ${prompt} [/INST]`;
}

/** One BOS, whether or not the text brings its own. */
function plainIds(tokenizer: ModelTokenizer, text: string): number[] {
  const ids = tokenizer.encode(text);
  return tokenizer.addBos && tokenizer.bosId !== null && ids[0] !== tokenizer.bosId
    ? [tokenizer.bosId, ...ids]
    : ids;
}

function templateIds(
  { template }: TextModel,
  tokenizer: ModelTokenizer,
  messages: readonly ChatMessage[],
  addGenerationPrompt: boolean,
): number[] {
  const { bosToken, eosToken, settings } = tokenizer;
  const tokens = { bosToken, eosToken, unkToken: settings.unkToken, padToken: settings.padToken };
  return tokenizer.encode(template?.render(messages, tokens, addGenerationPrompt) ?? '');
}

function tokenLimit({ config }: TextModel, maxTokens = config.maxPositions): number {
  if (Number.isInteger(maxTokens) && maxTokens >= 2 && maxTokens <= config.maxPositions) return maxTokens;
  throw new ReptraceError(
    'INPUT_INVALID',
    `maxTokens ${maxTokens} is not a whole number from 2 to ${config.maxPositions}, the model's context.`,
    'Leave maxTokens out for the whole context, or choose a number in that range.',
  );
}

function commonPrefix(a: readonly number[], b: readonly number[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}

function badRow(why: string, remedy: string): ReptraceError {
  return new ReptraceError('INPUT_INVALID', `The sample is a bad row: ${why}.`, remedy);
}
