/**
 * The text of each token of a rendering, for showing tokens one by one: joined, they are the rendering. Special tokens show
 * as themselves. A character that several tokens share shows whole on the last of them, the others are empty. A space that
 * only the tokenizer put before a text (SentencePiece) is left out.
 *
 * A vocabulary spells bytes in one of two ways: every byte as one of 256 characters (byte-level: `Ġthe`), or only those
 * that no token has, as `<0xE2>`, with `▁` for a space (SentencePiece). Which one it is shows in how it spells a text. One
 * that spells no spaces (WordPiece) shows one before each word.
 */
import { TextDecoder } from 'node:util';
import { BYTE_ALPHABET } from './tokenizer-pre-tokenizers.ts';
import type { ModelTokenizer } from './tokenizer.ts';

interface Token {
  readonly bytes: Uint8Array;
  /** Shows as it is, and ends the text before it. */
  readonly special: boolean;
}

interface Spelling {
  readonly kind: 'byteLevel' | 'sentencePiece' | 'words';
  /** Whether the tokenizer puts a space before a text, and before one that follows a special token. */
  readonly spaceAtStart: boolean;
  readonly spaceAfterSpecial: boolean;
  /** By id, as far as they have been looked at. */
  readonly tokens: Map<number, Token>;
}

const spellings = new WeakMap<ModelTokenizer, Spelling>();
const encoder = new TextEncoder();
const SPACE = 0x20;

/** As many texts as ids. Throws INPUT_INVALID for an id outside the vocabulary. */
export function tokenTexts(tokenizer: ModelTokenizer, ids: readonly number[]): string[] {
  const spelling = spellings.get(tokenizer) ?? readSpelling(tokenizer);
  spellings.set(tokenizer, spelling);
  const texts: string[] = [];
  let decoder = utf8();
  let dropSpace = spelling.spaceAtStart;
  for (const id of ids) {
    const { bytes, special } = tokenOf(tokenizer, spelling, id);
    if (special) {
      flush(decoder, texts);
      decoder = utf8();
      texts.push(utf8().decode(bytes));
      dropSpace = spelling.spaceAfterSpecial;
      continue;
    }
    const shown = dropSpace && bytes[0] === SPACE ? bytes.subarray(1) : bytes;
    if (bytes.length > 0) dropSpace = false;
    texts.push(decoder.decode(shown, { stream: true }));
  }
  flush(decoder, texts);
  return texts;
}

/** What is left of a character that was cut off shows on the token that it ends with. */
function flush(decoder: TextDecoder, texts: string[]): void {
  const rest = decoder.decode();
  if (rest !== '') texts.push((texts.pop() ?? '') + rest);
}

/** Keeps U+FEFF, as text does. */
function utf8(): TextDecoder {
  return new TextDecoder('utf-8', { ignoreBOM: true });
}

function tokenOf(tokenizer: ModelTokenizer, { kind, tokens }: Spelling, id: number): Token {
  const known = tokens.get(id);
  if (known !== undefined) return known;
  const piece = tokenizer.tokenPiece(id);
  const special = tokenizer.decode([id]) !== '' && tokenizer.decode([id], { skipSpecialTokens: true }) === '';
  const token = {
    bytes: special ? encoder.encode(piece) : bytesOf(tokenizer, kind, id, piece),
    special,
  };
  tokens.set(id, token);
  return token;
}

function readSpelling(tokenizer: ModelTokenizer): Spelling {
  const spellingOf = (text: string): string =>
    tokenizer
      .encode(text)
      .map((id) => tokenizer.tokenPiece(id))
      .join('');
  // A tokenizer may put a space before a text; it has none of these characters.
  const byteLevel = spellingOf('a\nb').endsWith('aĊb');
  const space = byteLevel ? 'Ġ' : '▁';
  const words = !byteLevel && !spellingOf('a a').includes(space);
  const special = tokenizer.eosToken ?? tokenizer.bosToken ?? '';
  return {
    kind: byteLevel ? 'byteLevel' : words ? 'words' : 'sentencePiece',
    spaceAtStart: words || spellingOf('a').startsWith(space),
    spaceAfterSpecial: words || spellingOf(`${special}a`).slice(special.length).startsWith(space),
    tokens: new Map(),
  };
}

/** The byte that each character of GPT-2's alphabet stands for. */
const ALPHABET: ReadonlyMap<string, number> = new Map(
  BYTE_ALPHABET.map((character, byte) => [character, byte]),
);

function bytesOf(tokenizer: ModelTokenizer, kind: Spelling['kind'], id: number, piece: string): Uint8Array {
  if (kind === 'words') return encoder.encode(tokenizer.tokenText(id));
  return kind === 'byteLevel'
    ? byteLevelBytes(tokenizer, id, piece)
    : sentencePieceBytes(tokenizer, id, piece);
}

function byteLevelBytes(tokenizer: ModelTokenizer, id: number, piece: string): Uint8Array {
  const bytes = Array.from(piece, (character) => ALPHABET.get(character));
  const spelled = bytes.every((byte) => byte !== undefined);
  // An added token is no spelling, whatever its characters: decoding leaves it as it is.
  if (!spelled || (/[^\x21-\x7e]/.test(piece) && tokenizer.tokenText(id) === piece))
    return encoder.encode(piece);
  return Uint8Array.from(bytes);
}

function sentencePieceBytes(tokenizer: ModelTokenizer, id: number, piece: string): Uint8Array {
  const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(piece)?.[1];
  const asIs = (byte !== undefined || piece.includes('▁')) && tokenizer.tokenText(id) === piece;
  if (asIs) return encoder.encode(piece);
  return byte === undefined ? encoder.encode(piece.replaceAll('▁', ' ')) : Uint8Array.of(parseInt(byte, 16));
}
