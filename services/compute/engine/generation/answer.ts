/** What a model answers to prompts: rendered with its template, generated until it ends, decoded. */
import type { Model } from '../model/model.ts';
import { requireTokenizer } from '../model/model-text.ts';
import { renderPrompt, type TextModel } from '../model/render.ts';
import { generate, type GenerateOptions, type Generation } from './generate.ts';

export interface Answer extends Generation {
  readonly prompt: string;
  /** The decoded ids, without special tokens. */
  readonly output: string;
}

/** In the order of the prompts. Ends at the end tokens of the config and of the tokenizer. */
export async function answerPrompts(
  model: Model,
  text: TextModel,
  prompts: readonly string[],
  options: Omit<GenerateOptions, 'endIds'>,
): Promise<Answer[]> {
  const tokenizer = requireTokenizer(text);
  const endIds = [...text.config.eosTokenIds, ...(tokenizer.eosId === null ? [] : [tokenizer.eosId])];
  const ids = prompts.map((prompt) => renderPrompt(text, prompt));
  const generations = await generate(model, ids, { ...options, endIds });
  return generations.map((generation, i) => ({
    ...generation,
    prompt: prompts[i],
    output: tokenizer.decode(generation.ids, { skipSpecialTokens: true }),
  }));
}
