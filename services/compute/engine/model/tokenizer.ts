/**
 * The model's tokenizer: text to token ids and back, with @huggingface/tokenizers (Apache-2.0) where it does as Hugging
 * Face's own tokenizers do (byte-pair merging, patterns, decoding), and beside it where it does not.
 *
 * What is guarded against a hostile tokenizer.json: unknown or oversized parts (tokenizer-schema.ts), the length of
 * a text, how much the tokenizer can lengthen it, and the time that building, encoding and decoding take
 * (time-limit.ts: a catastrophic regular expression is stopped). Not guarded: how slow a tokenizer is within the
 * limit, and tokens that are well-formed but not those that the model was trained with.
 */
import * as library from '@huggingface/tokenizers';
import { ReptraceError, reasonOf } from '../../../../lib/errors.ts';
import type { ModelConfig } from './model-config.ts';
import { TimeLimitError, withTimeLimit } from './time-limit.ts';
import type { TokenizerSettings } from './tokenizer-config.ts';
import { show, tokenizerInvalid } from './tokenizer-fields.ts';
import { outsideVocabulary, type EncodePiece } from './tokenizer-models.ts';
import { bounded } from './tokenizer-normalizers.ts';
import { checkTokenizer, type CheckedTokenizer } from './tokenizer-schema.ts';

export interface ModelTokenizer {
  readonly bosToken: string | null;
  readonly bosId: number | null;
  readonly eosToken: string | null;
  readonly eosId: number | null;
  /**
   * Whether a plain text is to start with BOS, where there is one: as tokenizer_config.json says, else as the tokenizer's own
   * post-processor does.
   */
  readonly addBos: boolean;
  readonly settings: TokenizerSettings;
  /**
   * Ids of a text, each one of the model's vocabulary. Texts of special tokens become those tokens, as in
   * Hugging Face's. `addSpecialTokens` (default false) runs the tokenizer's own post-processor.
   */
  encode(text: string, options?: { readonly addSpecialTokens?: boolean }): number[];
  decode(ids: readonly number[], options?: { readonly skipSpecialTokens?: boolean }): string;
  /** The vocabulary's own spelling of a token: `Ġthe`, `▁the`, `<0x0A>`. */
  tokenPiece(id: number): string;
  /** What a token adds to a text that it stands in: ` the`. Part of a character gives U+FFFD. */
  tokenText(id: number): string;
}

/** Some 250 000 tokens of English: twice the longest contexts in use. */
export const MAX_TEXT_LENGTH = 1 << 20;
const MAX_DECODED_IDS = 1 << 20;

/** Milliseconds for any one call, ten times and more what the slowest honest tokenizers need. */
const BASE_TIME = 1500;
const TIME_PER_MEGABYTE = 1000;
const TIME_PER_THOUSAND_CHARACTERS = 10;

/** What is used of the library's Tokenizer; its own declarations do not resolve under NodeNext. */
interface LibraryTokenizer {
  readonly model: { bpe?(text: string): readonly string[] };
  decode(
    ids: readonly number[],
    options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean },
  ): string;
}
const LibraryTokenizer = library.Tokenizer as unknown as new (
  json: object,
  config: object,
) => LibraryTokenizer;

/** @param size bytes of the tokenizer.json that `json` was parsed from */
export function createTokenizer(
  json: unknown,
  size: number,
  settings: TokenizerSettings,
  config: Pick<ModelConfig, 'vocabSize' | 'bosTokenId' | 'eosTokenIds'>,
): ModelTokenizer {
  const limit = BASE_TIME + Math.ceil((size / (1 << 20)) * TIME_PER_MEGABYTE);
  const { checked, tokenizer } = guarded('building it', limit, () => {
    const parts = checkTokenizer(json, config.vocabSize);
    return { checked: parts, tokenizer: new LibraryTokenizer(parts.json, {}) };
  });
  const encodePiece = checked.model.encoder((text) => tokenizer.model.bpe?.(text) ?? []);
  const bos = specialToken(checked, 'bos_token', settings.bosToken, config.bosTokenId, config.vocabSize);
  const eos = specialToken(checked, 'eos_token', settings.eosToken, config.eosTokenIds[0], config.vocabSize);

  const encode: ModelTokenizer['encode'] = (text, { addSpecialTokens = false } = {}) => {
    if (text.length > MAX_TEXT_LENGTH) {
      throw new ReptraceError(
        'INPUT_INVALID',
        `A text of ${text.length} characters is longer than the ${MAX_TEXT_LENGTH} that are tokenized.`,
        'Split the text, or leave the row out.',
      );
    }
    const time = BASE_TIME + Math.ceil((text.length / 1000) * TIME_PER_THOUSAND_CHARACTERS);
    const ids = guarded('encoding a text', time, () => encodeText(checked, encodePiece, text));
    const { before, after } = checked.surroundings;
    const all = addSpecialTokens ? [...before, ...ids, ...after] : ids;
    const outside = all.find((id) => id >= config.vocabSize);
    if (outside === undefined) return all;
    throw outsideVocabulary(checked.pieces.get(outside) ?? '', outside, config.vocabSize);
  };

  const tokenPiece: ModelTokenizer['tokenPiece'] = (id) => {
    const piece = checked.pieces.get(id);
    if (piece !== undefined) return piece;
    // Embeddings are often padded to a round number: such an id is the model's, but has no text.
    if (Number.isInteger(id) && id >= 0 && id < config.vocabSize) return '';
    throw new ReptraceError(
      'INPUT_INVALID',
      `${id} is not a token id: the model's vocabulary has ${config.vocabSize} tokens.`,
      'Use ids from 0 up to below the size of the vocabulary.',
    );
  };

  const decode: ModelTokenizer['decode'] = (ids, { skipSpecialTokens = false } = {}) => {
    if (ids.length > MAX_DECODED_IDS) {
      throw new ReptraceError(
        'INPUT_INVALID',
        `${ids.length} ids are too many to decode.`,
        'Decode them in parts.',
      );
    }
    const known = ids.filter((id) => tokenPiece(id) !== '');
    if (known.length === 0) return '';
    const time = BASE_TIME + Math.ceil((ids.length / 1000) * TIME_PER_THOUSAND_CHARACTERS);
    return guarded('decoding', time, () =>
      tokenizer.decode(known, {
        skip_special_tokens: skipSpecialTokens,
        clean_up_tokenization_spaces: settings.cleanUpSpaces,
      }),
    );
  };

  // Decoders treat the start of a text specially, so a token is decoded after another one that ends cleanly.
  const anchor = eos?.id ?? bos?.id ?? 0;
  const tokenText: ModelTokenizer['tokenText'] = (id) => {
    const before = decode([anchor]);
    const both = decode([anchor, id]);
    return both.startsWith(before) ? both.slice(before.length) : decode([id]);
  };

  return {
    bosToken: bos?.token ?? null,
    bosId: bos?.id ?? null,
    eosToken: eos?.token ?? null,
    eosId: eos?.id ?? null,
    addBos: bos !== null && (settings.addBos ?? encode('', { addSpecialTokens: true })[0] === bos.id),
    settings,
    encode,
    decode,
    tokenPiece,
    tokenText,
  };
}

/** The token that tokenizer_config.json names; where it is silent, the one whose id config.json gives. */
function specialToken(
  { ids, pieces }: CheckedTokenizer,
  what: string,
  named: string | null | undefined,
  fallback: number | null | undefined,
  vocabSize: number,
): { readonly token: string; readonly id: number } | null {
  if (named === null) return null;
  if (named === undefined) {
    const token = fallback === null || fallback === undefined ? undefined : pieces.get(fallback);
    return token === undefined || fallback === null || fallback === undefined
      ? null
      : { token, id: fallback };
  }
  const id = ids.get(named);
  if (id === undefined) throw tokenizerInvalid(`the ${what} ${show(named)} is not in its vocabulary`);
  if (id >= vocabSize) throw outsideVocabulary(named, id, vocabSize);
  return { token: named, id };
}

function encodeText(checked: CheckedTokenizer, encodePiece: EncodePiece, whole: string): number[] {
  const ids: number[] = [];
  // Half a surrogate pair is no character; as bytes, too, it is U+FFFD.
  for (const section of checked.split(whole.replace(/\p{Surrogate}/gu, '\uFFFD'))) {
    if ('id' in section) {
      ids.push(section.id);
      continue;
    }
    for (const part of checked.splitNormalized(checked.normalizer.apply(section.text))) {
      if ('id' in part) {
        ids.push(part.id);
        continue;
      }
      const text = bounded(part.text, checked.preTokenizer.growth);
      const first = section.start === 0 && part.start === 0;
      for (const piece of checked.preTokenizer.apply([{ text, first }])) encodePiece(piece.text, ids);
    }
  }
  return ids;
}

/** Runs the library and what is around it, turning whatever it throws into one kind of error. */
function guarded<T>(doing: string, milliseconds: number, work: () => T): T {
  try {
    return withTimeLimit(milliseconds, work);
  } catch (error) {
    if (error instanceof ReptraceError) throw error;
    const why =
      error instanceof TimeLimitError
        ? `took longer than ${milliseconds} ms`
        : `failed: ${reasonOf(error).slice(0, 200)}`;
    throw tokenizerInvalid(`${doing} ${why}`, error);
  }
}
