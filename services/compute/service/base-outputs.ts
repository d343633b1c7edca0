/** What a base model says to prompts of the dataset: the outputs that an index measures its null with. */
import { ReptraceError } from '../../../lib/errors.ts';
import { NULL_TOKENS } from '../../../lib/taught/constants.ts';
import { evenBatches, type Sample } from '../engine/attribution/sample.ts';
import { BATCH_TOKENS } from '../engine/attribution/signature-batches.ts';
import { namingBase } from '../engine/attribution/under-base.ts';
import { cachedTokenBytes } from '../engine/generation/cache.ts';
import { generate } from '../engine/generation/generate.ts';
import type { Model } from '../engine/model/model.ts';
import type { ModelConfig } from '../engine/model/model-config.ts';
import { requireTokenizer } from '../engine/model/model-text.ts';
import type { ModelSource } from '../engine/model/model-source.ts';
import { renderPrompt } from '../engine/model/render.ts';
import { halving } from './halving.ts';
import type { Probe } from './rendering.ts';

/**
 * Tokens that outputs of the base are generated in together: prompts, and what comes. A step costs nearly as much for ten sequences
 * as for forty.
 */
const TOGETHER_TOKENS = 2 * BATCH_TOKENS;
/** Bytes of keys and values above which it is one batch's tokens. */
const CACHE_BYTES = 512 << 20;

/** What the base said. */
export interface Output extends Sample {
  /** Mean of -log p_base over its tokens. */
  readonly loss: number;
}

export interface Prompt {
  readonly name: string;
  readonly ids: readonly number[];
}

/** As a prompt of a chat, turns before it included; of a window of plain text, its first half. @param most of tokens */
export function promptOf(source: ModelSource, { text, sample }: Probe, most: number): Prompt | undefined {
  const { name, inputIds, promptLength } = sample;
  if (promptLength > most) return undefined;
  const ids =
    text.raw === null ? renderPrompt(source, text.prompt, text.context) : inputIds.slice(0, promptLength);
  return ids.length > most ? undefined : { name, ids };
}

/** With what will be generated, each as large as a batch or two. */
export function promptGroups(prompts: readonly Prompt[], config: ModelConfig): Prompt[][] {
  const cached = Math.floor(CACHE_BYTES / cachedTokenBytes(config));
  const spaces = prompts.map((prompt) => ({
    prompt,
    inputIds: [...prompt.ids, ...new Array<number>(NULL_TOKENS).fill(0)],
    promptLength: prompt.ids.length,
  }));
  const tokens = Math.max(BATCH_TOKENS, Math.min(TOGETHER_TOKENS, cached));
  return evenBatches(spaces, tokens).map((group) => group.map(({ prompt }) => prompt));
}

/** What may become of fewer prompts at a time, or of the others. */
const HALVED = new Set(['NOT_FINITE', 'OUT_OF_MEMORY']);

/**
 * Greedy outputs as samples, with the token that ended them; a prompt that the base overflows on has none. Throws as `generate`
 * does, and says that it is the base.
 */
export async function outputsOf(
  base: Model,
  source: ModelSource,
  group: readonly Prompt[],
): Promise<Output[]> {
  const { eosId } = requireTokenizer(source);
  const ends = new Set([...source.config.eosTokenIds, ...(eosId === null ? [] : [eosId])]);
  const work = async (prompts: readonly Prompt[]): Promise<Output[]> => {
    const ids = prompts.map((prompt) => prompt.ids);
    // Nothing ends it but the length: of several tokens that may end an output, the one that did is to be known.
    const generating = generate(base, ids, { maxTokens: NULL_TOKENS, endIds: [], losses: true });
    const generations = await namingBase(generating);
    return generations.flatMap(({ ids: output, nll = new Float64Array() }, i) => {
      const end = output.findIndex((id) => ends.has(id));
      if (end === 0) return [];
      const count = end < 0 ? output.length : end + 1;
      const loss = nll.subarray(0, count).reduce((sum, value) => sum + value, 0) / count;
      const inputIds = [...ids[i], ...output.slice(0, count)];
      return [{ name: prompts[i].name, inputIds, promptLength: ids[i].length, loss }];
    });
  };
  const results = await halving<Prompt, Output | ReptraceError>(group, work, (_, error) => {
    if (error instanceof ReptraceError && HALVED.has(error.code)) return error;
    throw error;
  });
  return results.flatMap((result) => {
    if (result instanceof ReptraceError && result.code !== 'NOT_FINITE') throw result;
    return result instanceof ReptraceError ? [] : [result];
  });
}
