/**
 * Overlap of word n-grams: the share of the output's distinct word trigrams that the row's response has. What is copied word for word is
 * found, and nothing else. Of an output of fewer than three words, all words together are the only n-gram; without words it is
 * like no row.
 */
import type { Method } from './method.ts';
import { words } from './words.ts';

const WORDS = 3;

export const NGRAMS: Method = {
  name: 'ngrams',
  title: 'n-gram overlap',
  source:
    "share of the output's distinct word trigrams that are in the row's response (containment, Broder 1997)",
  needs: [],
  bytesPerRow: () => undefined,
  scores: ({ rows, outputs }) => {
    const responses = rows.responses.map(words);
    const ofRows = new Map<number, readonly ReadonlySet<string>[]>();
    const byOutput = outputs.responses.map((output) => {
      const asked = words(output);
      const size = Math.min(WORDS, asked.length);
      const known = ofRows.get(size) ?? responses.map((response) => gramsOf(response, size));
      ofRows.set(size, known);
      const wanted = gramsOf(asked, size);
      return Float64Array.from(known, (grams) => containment(wanted, grams));
    });
    return { byOutput };
  },
};

function gramsOf(of: readonly string[], size: number): ReadonlySet<string> {
  if (size === 0) return new Set();
  const grams = Array.from({ length: Math.max(0, of.length - size + 1) }, (_, i) =>
    of.slice(i, i + size).join(' '),
  );
  return new Set(grams);
}

function containment(wanted: ReadonlySet<string>, known: ReadonlySet<string>): number {
  let shared = 0;
  for (const gram of wanted) if (known.has(gram)) shared++;
  return wanted.size === 0 ? 0 : shared / wanted.size;
}
