/**
 * Checks an untrusted tokenizer.json and rebuilds it from what is understood, before the tokenizers library sees it.
 *
 * The library trusts its input, and quietly does something else where it lacks an option. So only what it does as
 * Hugging Face's own tokenizers do, for the tokenizers that Llama-family models have, is let through: byte-pair
 * encoding, and the steps in tokenizer-steps.ts. Everything else is refused by name.
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import {
  decoderStep,
  normalizerStep,
  postProcessorStep,
  preTokenizerStep,
  type Step,
} from './tokenizer-steps.ts';
import { asRecord, refuse, show, type JsonRecord } from './tokenizer-fields.ts';

export interface CheckedTokenizer {
  /** For the library. */
  readonly json: JsonRecord;
  /** Id of every token text, added tokens included. */
  readonly ids: ReadonlyMap<string, number>;
  /** The reverse. */
  readonly pieces: ReadonlyMap<number, string>;
}

/** The longest published tokens are runs of a few hundred spaces or dashes. */
const MAX_TOKEN_LENGTH = 4096;
const MAX_ADDED_TOKENS = 100_000;
/** Added tokens may lie beyond the embedding (a padding token, say), but not so far that a table of ids would grow. */
const SPARE_IDS = 1 << 16;

/** How much longer than the text the normalized text may get: NFKC alone allows 18, its bytes 3. */
const MAX_GROWTH = 64;

/** @param vocabSize the model's vocabulary, which must hold every id but those of added tokens */
export function checkTokenizer(json: unknown, vocabSize: number): CheckedTokenizer {
  const document = asRecord(json, 'the document');
  const model = asRecord(document['model'], 'model');
  const ids = readVocab(model, vocabSize);
  const merges = readMerges(model, ids);
  const pieces = new Map<number, string>();
  for (const [piece, id] of ids) {
    if (pieces.has(id)) refuse(`two tokens have the id ${id}: ${show(pieces.get(id))} and ${show(piece)}`);
    pieces.set(id, piece);
  }
  const addedTokens = readAddedTokens(document['added_tokens'] ?? [], ids, pieces, vocabSize);

  const normalizer = normalizerStep(document['normalizer'] ?? null);
  const preTokenizer = preTokenizerStep(document['pre_tokenizer'] ?? null);
  const growth = normalizer.growth * preTokenizer.growth;
  if (growth > MAX_GROWTH) {
    refuse(`its steps could make a text ${growth} times longer; at most ${MAX_GROWTH} times is allowed`);
  }
  const postProcessor = postProcessorStep(document['post_processor'] ?? null, (token, id) => {
    if (ids.get(token) !== id)
      refuse(`the post-processor adds ${show(token)}, which is not the token ${show(id)}`);
  });
  const decoder: Step = decoderStep(document['decoder'] ?? null);

  return {
    json: {
      added_tokens: addedTokens,
      normalizer: normalizer.json,
      pre_tokenizer: preTokenizer.json,
      post_processor: postProcessor.json,
      decoder: decoder.json,
      model: {
        type: 'BPE',
        vocab: model['vocab'],
        merges,
        unk_token: unknownToken(model, ids),
        fuse_unk: flag(model, 'fuse_unk'),
        byte_fallback: flag(model, 'byte_fallback'),
        ignore_merges: flag(model, 'ignore_merges'),
      },
    },
    ids,
    pieces,
  };
}

function readVocab(model: JsonRecord, vocabSize: number): Map<string, number> {
  const type = model['type'] ?? 'BPE';
  if (type !== 'BPE') refuse(`the model type ${show(type)} is not implemented; BPE is`);
  for (const key of ['continuing_subword_prefix', 'end_of_word_suffix'] as const) {
    const value = model[key] ?? '';
    if (value !== '') refuse(`model.${key} ${show(value)} is not implemented`);
  }
  const dropout = model['dropout'] ?? 0;
  if (dropout !== 0) refuse(`model.dropout ${show(dropout)} would make the tokens random`);

  const ids = new Map<string, number>();
  for (const [piece, id] of Object.entries(asRecord(model['vocab'], 'model.vocab'))) {
    if (piece.length > MAX_TOKEN_LENGTH) refuse(`a token is ${piece.length} characters long`);
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0) {
      refuse(`the token ${show(piece)} has the id ${show(id)}`);
    }
    if (id >= vocabSize) throw outsideVocabulary(piece, id, vocabSize);
    ids.set(piece, id);
  }
  if (ids.size === 0) refuse('its vocabulary is empty');
  return ids;
}

/** Pairs, from either spelling: ["a b", ...] or [["a", "b"], ...]. */
function readMerges(model: JsonRecord, ids: ReadonlyMap<string, number>): [string, string][] {
  const merges: unknown = model['merges'];
  if (!Array.isArray(merges)) return refuse('model.merges is not a list');
  return (merges as unknown[]).map((merge, i) => {
    const pair: unknown = typeof merge === 'string' ? merge.split(' ') : merge;
    if (!isPair(pair)) return refuse(`merge ${i} is not a pair of tokens: ${show(merge)}`);
    for (const piece of [pair[0], pair[1], pair[0] + pair[1]]) {
      if (!ids.has(piece)) refuse(`merge ${i} needs the token ${show(piece)}, which the vocabulary lacks`);
    }
    return pair;
  });
}

function isPair(value: unknown): value is [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((item) => typeof item === 'string');
}

/** Checks the list, and enters its tokens into `ids` and `pieces`. */
function readAddedTokens(
  list: unknown,
  ids: Map<string, number>,
  pieces: Map<number, string>,
  vocabSize: number,
): JsonRecord[] {
  if (!Array.isArray(list)) return refuse('added_tokens is not a list');
  if (list.length > MAX_ADDED_TOKENS) refuse(`it adds ${list.length} tokens`);
  return (list as unknown[]).map((entry, i) => {
    const token = asRecord(entry, `added token ${i}`);
    const { id, content } = token;
    if (typeof content !== 'string' || content.length === 0 || content.length > MAX_TOKEN_LENGTH) {
      return refuse(`added token ${i} has no usable content`);
    }
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= vocabSize + SPARE_IDS) {
      return refuse(`the added token ${show(content)} has the id ${show(id)}`);
    }
    if ((ids.get(content) ?? id) !== id || (pieces.get(id) ?? content) !== content) {
      refuse(`the added token ${show(content)} with id ${id} contradicts the vocabulary`);
    }
    if (flag(token, 'single_word'))
      refuse(`the added token ${show(content)} is single_word: not implemented`);
    ids.set(content, id);
    pieces.set(id, content);
    return {
      id,
      content,
      single_word: false,
      lstrip: flag(token, 'lstrip'),
      rstrip: flag(token, 'rstrip'),
      special: flag(token, 'special'),
      normalized: flag(token, 'normalized'),
    };
  });
}

function unknownToken(model: JsonRecord, ids: ReadonlyMap<string, number>): string | null {
  const token = model['unk_token'] ?? null;
  if (token === null) return null;
  if (typeof token !== 'string' || !ids.has(token)) {
    return refuse(`model.unk_token ${show(token)} is not in the vocabulary`);
  }
  return token;
}

function flag(record: JsonRecord, key: string): boolean {
  const value = record[key] ?? false;
  return typeof value === 'boolean' ? value : refuse(`${key} is ${show(value)}, not true or false`);
}

export function outsideVocabulary(piece: string, id: number, vocabSize: number): ReptraceError {
  return new ReptraceError(
    'TOKENIZER_MISMATCH',
    `The token ${show(piece)} has the id ${id}, but the model's vocabulary has ${vocabSize} tokens.`,
    'Use the tokenizer that the model was published with.',
  );
}
