/**
 * The models of a tokenizer.json, checked: what turns a piece of text into token ids. Byte-pair merging is the tokenizers
 * library's; what stands around it (characters that the vocabulary lacks) and the other two are after Hugging Face's own
 * tokenizers, from which the library differs.
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import { asRecord, flagAt, refuse, show, wholeAt, type JsonRecord } from './tokenizer-fields.ts';
import { unigram } from './tokenizer-unigram.ts';

/** Adds the ids of a piece to `out`. */
export type EncodePiece = (piece: string, out: number[]) => void;

export interface CheckedModel {
  /** Ids of the vocabulary, without added tokens. */
  readonly ids: ReadonlyMap<string, number>;
  /** For the library: what it merges byte pairs with, and looks up tokens in to decode. */
  readonly json: JsonRecord;
  /** @param merge splits a text of known characters into tokens of the vocabulary */
  readonly encoder: (merge: (text: string) => readonly string[]) => EncodePiece;
}

/** The longest published tokens are runs of a few hundred spaces or dashes. */
export const MAX_TOKEN_LENGTH = 4096;
const MAX_WORD_LENGTH = 1000;

/** @param vocabSize the model's vocabulary, which must hold every id */
export function checkModel(model: JsonRecord, vocabSize: number): CheckedModel {
  const type = model['type'] ?? impliedType(model);
  switch (type) {
    case 'BPE':
      return checkBpe(model, readVocab(model, vocabSize));
    case 'WordPiece':
      return checkWordPiece(model, readVocab(model, vocabSize));
    case 'Unigram':
      return checkUnigram(model, vocabSize);
    default:
      return refuse(`the model type ${show(type)} is not implemented; BPE, Unigram and WordPiece are`);
  }
}

/** Files written before there was a type. */
function impliedType(model: JsonRecord): string {
  if (Array.isArray(model['vocab'])) return 'Unigram';
  return model['merges'] === undefined ? 'WordPiece' : 'BPE';
}

function readVocab(model: JsonRecord, vocabSize: number): Map<string, number> {
  const ids = new Map<string, number>();
  const texts = new Map<number, string>();
  for (const [piece, id] of Object.entries(asRecord(model['vocab'], 'model.vocab'))) {
    if (piece.length > MAX_TOKEN_LENGTH) refuse(`a token is ${piece.length} characters long`);
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0) {
      return refuse(`the token ${show(piece)} has the id ${show(id)}`);
    }
    if (id >= vocabSize) throw outsideVocabulary(piece, id, vocabSize);
    const other = texts.get(id);
    if (other !== undefined) refuse(`two tokens have the id ${id}: ${show(other)} and ${show(piece)}`);
    ids.set(piece, id);
    texts.set(id, piece);
  }
  if (ids.size === 0) refuse('its vocabulary is empty');
  return ids;
}

function checkBpe(model: JsonRecord, ids: ReadonlyMap<string, number>): CheckedModel {
  for (const key of ['continuing_subword_prefix', 'end_of_word_suffix'] as const) {
    const value = model[key] ?? '';
    if (value !== '') refuse(`model.${key} ${show(value)} is not implemented`);
  }
  const dropout = model['dropout'] ?? 0;
  if (dropout !== 0) refuse(`model.dropout ${show(dropout)} would make the tokens random`);
  const bytes = flagAt(model, 'byte_fallback') ? byteTokens(ids) : undefined;
  const unknown = unknownToken(model, ids);
  const merges = readMerges(model, ids, bytes, unknown);
  const [fuse, ignoreMerges] = [flagAt(model, 'fuse_unk'), flagAt(model, 'ignore_merges')];
  return {
    ids,
    json: { type: 'BPE', vocab: model['vocab'], merges },
    encoder: (merge) => (piece, out) => {
      const whole = ignoreMerges ? ids.get(piece) : undefined;
      if (whole !== undefined) {
        out.push(whole);
        return;
      }
      for (const run of knownRuns(piece, ids, bytes !== undefined || unknown !== undefined)) {
        if (run.known)
          for (const token of merge(run.text))
            out.push(ids.get(token) ?? refuse(`it merges to ${show(token)}`));
        else if (bytes !== undefined) for (const byte of encoder.encode(run.text)) out.push(bytes[byte] ?? 0);
        else if (unknown !== undefined) for (const _ of fuse ? [run] : run.text) out.push(unknown);
      }
    },
  };
}

const encoder = new TextEncoder();

/**
 * A piece as runs of characters that the vocabulary has, and runs of those that it lacks. When nothing stands for the
 * latter they are dropped first, so that their neighbours may merge.
 */
function knownRuns(
  piece: string,
  ids: ReadonlyMap<string, number>,
  keepUnknown: boolean,
): { readonly text: string; readonly known: boolean }[] {
  const runs: { text: string; known: boolean }[] = [];
  for (const character of piece) {
    const known = ids.has(character);
    if (!known && !keepUnknown) continue;
    const last = runs.at(-1);
    if (last?.known === known) last.text += character;
    else runs.push({ text: character, known });
  }
  return runs;
}

/** Pairs, from either spelling: ["a b", ...] or [["a", "b"], ...]. */
function readMerges(
  model: JsonRecord,
  ids: ReadonlyMap<string, number>,
  bytes: readonly number[] | undefined,
  unknown: number | undefined,
): [string, string][] {
  const merges: unknown = model['merges'];
  if (!Array.isArray(merges)) return refuse('model.merges is not a list');
  // Tokens that stand for what the vocabulary lacks must not merge: the library merges texts only.
  const apart = new Set(bytes ?? []);
  if (unknown !== undefined) apart.add(unknown);
  return (merges as unknown[]).map((merge, i) => {
    const pair: unknown = typeof merge === 'string' ? merge.split(' ') : merge;
    if (!isPair(pair)) return refuse(`merge ${i} is not a pair of tokens: ${show(merge)}`);
    const [left, right] = pair;
    for (const piece of [left, right, left + right]) {
      if (!ids.has(piece)) refuse(`merge ${i} needs the token ${show(piece)}, which the vocabulary lacks`);
    }
    for (const piece of pair)
      if (apart.has(ids.get(piece) ?? -1)) refuse(`merge ${i} merges ${show(piece)}, which no text has`);
    return pair;
  });
}

function isPair(value: unknown): value is [string, string] {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    value.every((item) => typeof item === 'string' && item !== '')
  );
}

/** Ids of <0x00> to <0xFF>; undefined when there are none at all. */
export function byteTokens(ids: ReadonlyMap<string, number>): number[] | undefined {
  const tokens = Array.from({ length: 256 }, (_, byte) =>
    ids.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
  );
  if (tokens.every((id) => id === undefined)) return undefined;
  return tokens.map((id, byte) => id ?? refuse(`byte_fallback lacks a token for the byte ${byte}`));
}

function unknownToken(model: JsonRecord, ids: ReadonlyMap<string, number>): number | undefined {
  const token = model['unk_token'] ?? null;
  if (token === null) return undefined;
  const id = typeof token === 'string' ? ids.get(token) : undefined;
  return id ?? refuse(`model.unk_token ${show(token)} is not in the vocabulary`);
}

function checkWordPiece(model: JsonRecord, ids: ReadonlyMap<string, number>): CheckedModel {
  const unknown = unknownToken({ unk_token: '[UNK]', ...model }, ids);
  if (unknown === undefined) return refuse('a WordPiece model has no unk_token');
  const prefix = model['continuing_subword_prefix'] ?? '##';
  if (typeof prefix !== 'string' || prefix.length > 16)
    return refuse(`model.continuing_subword_prefix ${show(prefix)} is not a short text`);
  const longest = wholeAt(model, 'max_input_chars_per_word', 100, MAX_WORD_LENGTH);
  const encodePiece: EncodePiece = (piece, out) => {
    const found = longestPieces(Array.from(piece), longest, prefix, ids);
    for (const id of found ?? [unknown]) out.push(id);
  };
  return { ids, json: { type: 'WordPiece', vocab: model['vocab'] }, encoder: () => encodePiece };
}

/** The longest token at the beginning, then of the rest, and so on; undefined where there is none. */
function longestPieces(
  characters: readonly string[],
  longest: number,
  prefix: string,
  ids: ReadonlyMap<string, number>,
): number[] | undefined {
  if (characters.length > longest) return undefined;
  const found: number[] = [];
  for (let start = 0; start < characters.length;) {
    let end = characters.length;
    const idHere = (): number | undefined =>
      ids.get((start > 0 ? prefix : '') + characters.slice(start, end).join(''));
    while (end > start && idHere() === undefined) end--;
    if (end === start) return undefined;
    found.push(idHere() ?? 0);
    start = end;
  }
  return found;
}

function checkUnigram(model: JsonRecord, vocabSize: number): CheckedModel {
  const vocab: unknown = model['vocab'];
  if (!Array.isArray(vocab) || vocab.length === 0) return refuse('model.vocab is not a list of pieces');
  const ids = new Map<string, number>();
  const scores = (vocab as unknown[]).map((entry, id) => {
    const [piece, score] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (typeof piece !== 'string' || piece === '' || piece.length > MAX_TOKEN_LENGTH)
      return refuse(`piece ${id} is no usable text: ${show(piece)}`);
    if (typeof score !== 'number') return refuse(`the piece ${show(piece)} has the score ${show(score)}`);
    if (ids.has(piece)) refuse(`the piece ${show(piece)} is there twice`);
    if (id >= vocabSize) throw outsideVocabulary(piece, id, vocabSize);
    ids.set(piece, id);
    return score;
  });
  const unknown = model['unk_id'] ?? null;
  if (
    unknown !== null &&
    !(typeof unknown === 'number' && Number.isInteger(unknown) && unknown >= 0 && unknown < scores.length)
  )
    return refuse(`model.unk_id ${show(unknown)} is none of its pieces`);
  const bytes = flagAt(model, 'byte_fallback') ? byteTokens(ids) : undefined;
  const encodePiece = unigram(ids, scores, unknown, bytes);
  // The library takes the pieces for words, which is all that decoding needs.
  return { ids, json: { type: 'WordPiece', vocab: Object.fromEntries(ids) }, encoder: () => encodePiece };
}

export function outsideVocabulary(piece: string, id: number, vocabSize: number): ReptraceError {
  return new ReptraceError(
    'TOKENIZER_MISMATCH',
    `The token ${show(piece)} has the id ${id}, but the model's vocabulary has ${vocabSize} tokens.`,
    'Use the tokenizer that the model was published with.',
  );
}
