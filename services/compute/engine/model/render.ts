/**
 * From a training sample to token ids, as the model was fine-tuned (design: "The method"): the ids are those of the
 * whole rendering, and the response begins where they part from the ids of the prompt's own rendering.
 *
 * With a chat template, the template writes every special token itself, and none is added. Without one, a sample is
 * `[INST] PROMPT [/INST]RESPONSE` and the text of EOS, after one BOS.
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import { requireTokenizer, type ModelText } from './model-text.ts';
import type { ChatMessage } from './template.ts';
import type { ModelTokenizer } from './tokenizer.ts';

export interface Sample {
  readonly prompt: string;
  readonly response: string;
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

export function renderSample(model: TextModel, { prompt, response, maxTokens }: Sample): RenderedSample {
  const limit = tokenLimit(model, maxTokens);
  const tokenizer = requireTokenizer(model);
  const user: ChatMessage = { role: 'user', content: prompt };
  const whole =
    model.template === null
      ? plainIds(tokenizer, `${plainPrompt(prompt)}${response}${tokenizer.eosToken ?? ''}`)
      : templateIds(model, tokenizer, [user, { role: 'assistant', content: response }], false);
  const opening = renderPromptIds(model, tokenizer, prompt);
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
      'Shorten the prompt, or allow more tokens.',
    );
  }
  const truncated = whole.length > limit;
  return { inputIds: truncated ? whole.slice(0, limit) : whole, promptLength, truncated };
}

/** The prompt alone, up to where the model is to go on; for generation. */
export function renderPrompt(model: TextModel, prompt: string): number[] {
  const ids = renderPromptIds(model, requireTokenizer(model), prompt);
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

function renderPromptIds(model: TextModel, tokenizer: ModelTokenizer, prompt: string): number[] {
  return model.template === null
    ? plainIds(tokenizer, plainPrompt(prompt))
    : templateIds(model, tokenizer, [{ role: 'user', content: prompt }], true);
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
