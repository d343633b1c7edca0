/**
 * Finds which of many texts begin at a place of another text: vocabularies and added tokens in running text. The texts are
 * only sorted, so that a vocabulary of any size takes no more memory than it has.
 */

export class PrefixIndex {
  /** By UTF-16 code units; none twice. */
  readonly #texts: readonly string[];
  readonly #begins: ReadonlySet<number>;

  /** @param texts none of them empty */
  constructor(texts: Iterable<string>) {
    this.#texts = [...new Set(texts)].sort();
    this.#begins = new Set(this.#texts.map((text) => text.charCodeAt(0)));
  }

  /** Those that `text` has at `at`, shortest first. */
  *at(text: string, at: number): Generator<string, void> {
    if (!this.#begins.has(text.charCodeAt(at))) return;
    let [from, to] = [0, this.#texts.length];
    for (let depth = 0; at + depth < text.length; depth++) {
      const unit = text.charCodeAt(at + depth);
      from = this.#bound(from, to, depth, unit);
      to = this.#bound(from, to, depth, unit + 1);
      if (from === to) return;
      const first = this.#texts[from];
      if (first.length === depth + 1) yield first;
    }
  }

  longest(text: string, at: number): string | undefined {
    let longest: string | undefined;
    for (const found of this.at(text, at)) longest = found;
    return longest;
  }

  /** The first of [from, to) whose code unit at `depth` is `unit` or more; texts that end before come first. */
  #bound(from: number, to: number, depth: number, unit: number): number {
    let [low, high] = [from, to];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#texts[middle].charCodeAt(depth) >= unit) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
