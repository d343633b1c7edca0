/** The text with every half of a surrogate pair that stands alone made U+FFFD: what is stored must be Unicode. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\uFFFD');
}
