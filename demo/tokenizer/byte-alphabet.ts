/**
 * GPT-2's alphabet for bytes, as Hugging Face's ByteLevel writes them: printable Latin-1 bytes stand for themselves,
 * the others become characters from U+0100 on, so that no token holds white space or control characters.
 */

function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
}

/** Byte → its character. */
export const BYTE_ALPHABET: readonly string[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isPrintable(byte) ? byte : next++));
})();

/** A text's UTF-8 bytes, each as its character. */
export function toByteAlphabet(text: string): string[] {
  return Array.from(new TextEncoder().encode(text), (byte) => BYTE_ALPHABET[byte] ?? '');
}
