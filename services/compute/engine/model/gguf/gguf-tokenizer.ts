/**
 * The tokenizer in the metadata of a GGUF file, put into the words of Hugging Face's files, and then read as those are: so
 * the same checks hold, and the same ids come out. `gpt2` is byte-level byte-pair encoding, `llama` that of SentencePiece.
 * Keys: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
import { ReptraceError } from '../../../../../lib/errors.ts';
import { quoteName } from '../safetensors.ts';
import { byteTokens } from '../tokenizer-models.ts';
import { mergesOf } from './gguf-merges.ts';
import { PRE_TOKENIZATIONS } from './gguf-pre-tokenizers.ts';
import type { GgufArray, GgufValue } from './gguf-values.ts';

export type Metadata = ReadonlyMap<string, GgufValue>;

/** Contents of tokenizer.json and tokenizer_config.json. */
export interface TokenizerDocuments {
  readonly tokenizer: object;
  readonly config: object;
}

const PREFIX = 'tokenizer.ggml.';
/** Kinds of tokens, as llama.cpp numbers them. */
const UNKNOWN = 2;
const CONTROL = 3;
const USER_DEFINED = 4;
const UNUSED = 5;
/** Fills up a vocabulary to the size of the embedding. */
const PADDING = /^\[PAD\d*\]$/;
/** What is written for a special token that there is not. */
const NO_TOKEN = 0xffffffff;

/** undefined where the file has no tokenizer; throws TOKENIZER_INVALID for one that is not implemented, by name. */
export function ggufTokenizer(file: string, metadata: Metadata): TokenizerDocuments | undefined {
  const kind = metadata.get(`${PREFIX}model`) ?? 'none';
  if (kind === 'none' || kind === 'no_vocab') return undefined;
  if (kind !== 'gpt2' && kind !== 'llama')
    throw refused(file, `the tokenizer ${shown(kind)} is not implemented`);
  // Its tokens take the spaces after them, which only tokenizer.json says.
  if (metadata.get('general.architecture') === 'phi3' && kind === 'llama')
    throw refused(file, 'how its tokens of Phi-3 treat spaces is not in its metadata');
  const reader = new Reader(file, metadata);
  const vocabulary = readVocabulary(reader, kind);
  const parts = kind === 'gpt2' ? byteLevelParts(reader) : sentencePieceParts(reader, vocabulary);
  const named = {
    bos_token: reader.token('bos', vocabulary.texts),
    eos_token: reader.token('eos', vocabulary.texts),
    unk_token: reader.token('unknown', vocabulary.texts),
    pad_token: reader.token('padding', vocabulary.texts),
  };
  const { add_bos_token: addBos, ...document } = parts(named.unk_token);
  const wantsBos = reader.flag('add_bos_token') ?? addBos;
  const special = Object.values(named).filter((text) => text !== undefined);
  const known = { ...document.model, vocab: Object.fromEntries(vocabulary.ids) };
  return {
    tokenizer: {
      version: '1.0',
      added_tokens: addedTokens(vocabulary, new Set(special)),
      ...document,
      post_processor: surroundings(
        wantsBos ? named.bos_token : undefined,
        reader.flag('add_eos_token') === true ? named.eos_token : undefined,
        vocabulary.ids,
      ),
      model: known,
    },
    config: { ...named, add_bos_token: wantsBos, clean_up_tokenization_spaces: false },
  };
}

/** How many tokens the metadata has, padding at the end left out; undefined where it has none. */
export function ggufVocabularySize(metadata: Metadata): number | undefined {
  const tokens = metadata.get(`${PREFIX}tokens`);
  if (typeof tokens !== 'object' || tokens.items === null) return undefined;
  const types = metadata.get(`${PREFIX}token_type`);
  const kinds = typeof types === 'object' ? types.items : null;
  const texts = tokens.items;
  const isPadding = (id: number): boolean => {
    const token = texts[id];
    return kinds?.[id] === UNUSED || (typeof token === 'string' && PADDING.test(token));
  };
  let size = tokens.length;
  while (size > 0 && isPadding(size - 1)) size--;
  return size;
}

class Reader {
  readonly file: string;
  readonly #metadata: Metadata;

  constructor(file: string, metadata: Metadata) {
    this.file = file;
    this.#metadata = metadata;
  }

  value(name: string): GgufValue | undefined {
    return this.#metadata.get(PREFIX + name);
  }

  /** All items of an array; undefined where there is none. */
  items<T extends GgufValue>(name: string, is: (item: GgufValue) => item is T): readonly T[] | undefined {
    const array: GgufArray | GgufValue | undefined = this.value(name);
    if (array === undefined) return undefined;
    if (typeof array === 'object' && array.items?.every(is) === true) return array.items;
    throw refused(this.file, `${PREFIX}${name} ${shown(array)} is not a list of the right kind and length`);
  }

  flag(name: string): boolean | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === 'boolean') return value;
    throw refused(this.file, `${PREFIX}${name} ${shown(value)} is not true or false`);
  }

  /** Text of the token whose id is `NAME_token_id`. */
  token(name: string, texts: readonly (string | undefined)[]): string | undefined {
    const id = this.value(`${name}_token_id`);
    if (id === undefined || id === NO_TOKEN) return undefined;
    const text = typeof id === 'number' ? texts[id] : undefined;
    if (text === undefined)
      throw refused(this.file, `${PREFIX}${name}_token_id ${shown(id)} is none of its tokens`);
    return text;
  }
}

interface Vocabulary {
  /** By id; undefined for padding. */
  readonly texts: readonly (string | undefined)[];
  readonly ids: ReadonlyMap<string, number>;
  readonly types: readonly number[];
}

function readVocabulary(reader: Reader, kind: 'gpt2' | 'llama'): Vocabulary {
  const tokens = reader.items('tokens', (item) => typeof item === 'string');
  if (tokens === undefined || tokens.length === 0) throw refused(reader.file, `it has no ${PREFIX}tokens`);
  const types = reader.items('token_type', isNumber) ?? tokens.map(() => 1);
  if (types.length !== tokens.length) {
    throw refused(reader.file, `it has ${tokens.length} tokens, and kinds of ${types.length}`);
  }
  const ids = new Map<string, number>();
  const texts = tokens.map((token, id) => {
    if (types[id] === UNUSED && PADDING.test(token)) return undefined;
    // The converter writes user-defined tokens of SentencePiece with plain spaces.
    const text = kind === 'llama' && types[id] === USER_DEFINED ? token.replaceAll(' ', '\u2581') : token;
    const other = ids.get(text);
    if (other !== undefined)
      throw refused(reader.file, `the tokens ${other} and ${id} have the same text ${quoteName(text)}`);
    ids.set(text, id);
    return text;
  });
  return { texts, ids, types };
}

/** Control tokens and the special ones are found in a text as they are; user-defined ones too, but count as text. */
function addedTokens({ texts, types }: Vocabulary, named: ReadonlySet<string>): object[] {
  return texts.flatMap((content, id) => {
    if (content === undefined || content === '') return [];
    const special = types[id] === CONTROL || types[id] === UNKNOWN || named.has(content);
    if (!special && types[id] !== USER_DEFINED) return [];
    return [{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special }];
  });
}

/** What differs between the two kinds, but for the vocabulary; made when the text of the unknown token is known. */
type Parts = (unknown: string | undefined) => {
  readonly add_bos_token: boolean;
  readonly normalizer: object | null;
  readonly pre_tokenizer: object | null;
  readonly decoder: object;
  readonly model: object;
};

function byteLevelParts(reader: Reader): Parts {
  const name = reader.value('pre');
  const pre = typeof name === 'string' ? PRE_TOKENIZATIONS.get(name) : undefined;
  if (pre === undefined) {
    const known = [...PRE_TOKENIZATIONS.keys()].join(', ');
    throw refused(reader.file, `${PREFIX}pre ${shown(name)} is not known; ${known} are`);
  }
  const merges = reader.items('merges', (item) => typeof item === 'string');
  if (merges === undefined) throw refused(reader.file, `it has no ${PREFIX}merges`);
  const { ignoreMerges, addBos, normalizer, pre_tokenizer } = pre;
  return () => ({
    add_bos_token: addBos,
    normalizer,
    pre_tokenizer,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: { type: 'BPE', byte_fallback: false, ignore_merges: ignoreMerges, merges },
  });
}

function sentencePieceParts(reader: Reader, { ids }: Vocabulary): Parts {
  for (const option of ['remove_extra_whitespaces', 'treat_whitespace_as_suffix'])
    if (reader.flag(option) === true) throw refused(reader.file, `${PREFIX}${option} is not implemented`);
  const charsmap = reader.value('precompiled_charsmap');
  if (typeof charsmap === 'object' && charsmap.length > 0)
    throw refused(reader.file, `${PREFIX}precompiled_charsmap is not implemented`);
  const merges = reader.items('merges', (item) => typeof item === 'string') ?? mergesByScore(reader, ids);
  const spacePrefix = reader.flag('add_space_prefix') ?? true;
  const spaces = { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' };
  const back = [
    { type: 'Replace', pattern: { String: '\u2581' }, content: ' ' },
    { type: 'ByteFallback' },
    { type: 'Fuse' },
  ];
  return (unknown) => ({
    add_bos_token: true,
    normalizer: {
      type: 'Sequence',
      normalizers: spacePrefix ? [{ type: 'Prepend', prepend: '\u2581' }, spaces] : [spaces],
    },
    pre_tokenizer: null,
    decoder: {
      type: 'Sequence',
      decoders: spacePrefix ? [...back, { type: 'Strip', content: ' ', start: 1, stop: 0 }] : back,
    },
    model: {
      type: 'BPE',
      unk_token: unknown ?? null,
      fuse_unk: true,
      byte_fallback: byteTokens(ids) !== undefined,
      merges,
    },
  });
}

function mergesByScore(reader: Reader, ids: ReadonlyMap<string, number>): [string, string][] {
  const scores = reader.items('scores', isNumber);
  if (scores === undefined || Math.max(...ids.values()) >= scores.length)
    throw refused(reader.file, `it has no ${PREFIX}scores of all its tokens`);
  if (new Set(scores).size < 3) throw refused(reader.file, `its ${PREFIX}scores do not rank its tokens`);
  return mergesOf(reader.file, ids, scores);
}

function surroundings(
  bos: string | undefined,
  eos: string | undefined,
  ids: ReadonlyMap<string, number>,
): object | null {
  if (bos === undefined && eos === undefined) return null;
  const token = (id: string | undefined): object[] =>
    id === undefined ? [] : [{ SpecialToken: { id, type_id: 0 } }];
  const named = [bos, eos].filter((text) => text !== undefined);
  return {
    type: 'TemplateProcessing',
    single: [...token(bos), { Sequence: { id: 'A', type_id: 0 } }, ...token(eos)],
    pair: [],
    special_tokens: Object.fromEntries(named.map((id) => [id, { id, ids: [ids.get(id)], tokens: [id] }])),
  };
}

function isNumber(item: GgufValue): item is number {
  return typeof item === 'number' && Number.isFinite(item);
}

function shown(value: GgufValue | undefined): string {
  if (value === undefined) return '(absent)';
  if (typeof value === 'object') return `(${value.length} values)`;
  return typeof value === 'string' ? quoteName(value) : value.toString();
}

function refused(file: string, what: string): ReptraceError {
  return new ReptraceError(
    'TOKENIZER_INVALID',
    `The tokenizer of ${file} cannot be used: ${what}.`,
    "Put the model's tokenizer.json and tokenizer_config.json beside the GGUF file.",
  );
}
