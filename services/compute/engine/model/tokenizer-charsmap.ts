/**
 * The Precompiled normalizer: SentencePiece's table of replacements, in the binary form that it has in the model. It is a
 * double array (Darts) of UTF-8 byte sequences, whose values are offsets into a text of replacements that end with NUL.
 * It is applied as Hugging Face's tokenizers do (spm_precompiled): grapheme by grapheme, the shortest sequence first.
 */
import { refuse } from './tokenizer-fields.ts';

/** The largest published one has 240 KB. */
const MAX_BASE64_LENGTH = 1 << 22;
/** Longer graphemes, in bytes, are looked up character by character. */
const MAX_GRAPHEME_BYTES = 5;

const encoder = new TextEncoder();

export interface Charsmap {
  apply(text: string): string;
  /** Upper bound of output length over input length. */
  readonly growth: number;
}

/** Throws TOKENIZER_INVALID unless it is such a table, in base64. */
export function parseCharsmap(base64: unknown): Charsmap {
  if (typeof base64 !== 'string' || base64.length > MAX_BASE64_LENGTH) {
    return refuse(`precompiled_charsmap is not a text of at most ${MAX_BASE64_LENGTH} characters`);
  }
  const bytes = Buffer.from(base64, 'base64');
  const size = bytes.byteLength < 4 ? -1 : bytes.readUInt32LE(0);
  if (size < 4 || size % 4 !== 0 || size > bytes.byteLength - 4)
    return refuse('precompiled_charsmap is not a table of SentencePiece');
  const units = Uint32Array.from({ length: size / 4 }, (_, i) => bytes.readUInt32LE(4 + 4 * i));
  const values = replacements(bytes.subarray(4 + size));

  const lookUp = (part: string): string | undefined => {
    const at = shortestMatch(units, encoder.encode(part));
    return at === undefined ? undefined : values.at(at);
  };
  const ofCharacter = new Map<string, string>();
  const replacedCharacter = (character: string): string => {
    const known = ofCharacter.get(character);
    if (known !== undefined) return known;
    const found = lookUp(character) ?? character;
    ofCharacter.set(character, found);
    return found;
  };
  const replacedGrapheme = (grapheme: string): string => {
    const short = grapheme.length <= MAX_GRAPHEME_BYTES && Buffer.byteLength(grapheme) <= MAX_GRAPHEME_BYTES;
    return (short ? lookUp(grapheme) : undefined) ?? Array.from(grapheme, replacedCharacter).join('');
  };
  return {
    growth: Math.max(1, values.longest),
    apply: (text) => {
      const parts: string[] = [];
      for (const grapheme of graphemes(text)) parts.push(replacedGrapheme(grapheme));
      return parts.join('');
    },
  };
}

const segmenter = new Intl.Segmenter('und');
/** Whether a character is known to join with none of its kind; Intl.Segmenter takes microseconds for every grapheme. */
const simple = new Map<string, boolean>([['\r', false]]);

function isSimple(character: string): boolean {
  const known = simple.get(character);
  if (known !== undefined) return known;
  // What joins at all does so with a letter, or with itself.
  const count = Array.from(segmenter.segment(`a${character}${character}a`)).length;
  simple.set(character, count === 4);
  return count === 4;
}

/** A text's graphemes; only where characters may join is Intl.Segmenter asked. */
function* graphemes(text: string): Generator<string, void> {
  const characters = Array.from(text);
  let stretch = '';
  for (const [i, character] of characters.entries()) {
    const next = characters[i + 1];
    const endsHere = isSimple(character) && (next === undefined || isSimple(next));
    if (endsHere && stretch === '') yield character;
    else if (!endsHere) stretch += character;
    else {
      for (const { segment } of segmenter.segment(stretch + character)) yield segment;
      stretch = '';
    }
  }
  for (const { segment } of segmenter.segment(stretch)) yield segment;
}

function replacements(blob: Uint8Array): { at: (offset: number) => string; longest: number } {
  const known = new Map<number, string>();
  const at = (offset: number): string => {
    const found = known.get(offset);
    if (found !== undefined) return found;
    const end = blob.indexOf(0, offset);
    const text = utf8(blob.subarray(offset, end < 0 ? undefined : end));
    known.set(offset, text);
    return text;
  };
  const longest = utf8(blob)
    .split('\0')
    .reduce((most, { length }) => Math.max(most, length), 0);
  return { at, longest };
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse('precompiled_charsmap replaces by what is not UTF-8');
  }
}

/** The value of the shortest key that `bytes` begin with. */
function shortestMatch(units: Uint32Array, bytes: Uint8Array): number | undefined {
  let position = offsetOf(units[0] ?? 0);
  for (const byte of bytes) {
    if (byte === 0) return undefined;
    position ^= byte;
    const unit = units[position];
    if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return undefined;
    position ^= offsetOf(unit);
    if (((unit >>> 8) & 1) === 1) return (units[position] ?? 0) & 0x7fffffff;
  }
  return undefined;
}

function offsetOf(unit: number): number {
  return ((unit >>> 10) << ((unit & 0x200) >>> 6)) >>> 0;
}
