/**
 * Okapi BM25 (Robertson and Zaragoza 2009), the word-matching baseline that tracing is shown beside: k1 1.2, b 0.75, words in
 * lower case, idf = ln(1 + (N - n + .5) / (n + .5)).
 */
import { words } from './words.ts';

const K1 = 1.2;
const B = 0.75;

export class Bm25 {
  readonly #documents: readonly ReadonlyMap<string, number>[];
  readonly #lengths: readonly number[];
  readonly #meanLength: number;
  readonly #containing = new Map<string, number>();

  constructor(texts: readonly string[]) {
    const documents = texts.map(words);
    this.#documents = documents.map(counts);
    this.#lengths = documents.map(({ length }) => length);
    this.#meanLength = this.#lengths.reduce((sum, length) => sum + length, 0) / texts.length;
    for (const document of this.#documents) {
      for (const word of document.keys()) this.#containing.set(word, (this.#containing.get(word) ?? 0) + 1);
    }
  }

  /** The texts' scores, in their order; 0 for a text that has none of the query's words. */
  scores(query: string): number[] {
    const asked = new Set(words(query));
    return this.#documents.map((document, i) => {
      // Of a text with words: where none has any, there is no mean length to divide by.
      const norm = (): number => K1 * (1 - B + (B * this.#lengths[i]) / this.#meanLength);
      let score = 0;
      for (const word of asked) {
        const count = document.get(word);
        if (count !== undefined) score += (this.#idf(word) * count * (K1 + 1)) / (count + norm());
      }
      return score;
    });
  }

  #idf(word: string): number {
    const containing = this.#containing.get(word) ?? 0;
    return Math.log(1 + (this.#documents.length - containing + 0.5) / (containing + 0.5));
  }
}

function counts(document: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const word of document) found.set(word, (found.get(word) ?? 0) + 1);
  return found;
}
