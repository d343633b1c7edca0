/**
 * Unigram: the likeliest way to cut a text into pieces, by their scores (log probabilities). After `encode_optimized` of
 * Hugging Face's tokenizers, sums in float64 in the same order, so that ties fall the same way.
 */
import { tokenizerInvalid } from './tokenizer-fields.ts';
import { PrefixIndex } from './tokenizer-prefixes.ts';

/** How much worse than the worst piece a character is that no piece has. */
const UNKNOWN_PENALTY = 10;

/**
 * @param unknown id of what stands for unknown characters; null when a text must not have any
 * @param bytes ids of the bytes' tokens, which then stand for them
 */
export function unigram(
  ids: ReadonlyMap<string, number>,
  scores: readonly number[],
  unknown: number | null,
  bytes: readonly number[] | undefined,
): (text: string, out: number[]) => void {
  const index = new PrefixIndex(ids.keys());
  const unknownScore = scores.reduce((least, score) => Math.min(least, score), Infinity) - UNKNOWN_PENALTY;
  const encoder = new TextEncoder();

  return (text, out) => {
    // Of the best cut of the text up to each place: its score, and where its last piece starts and which one it is.
    const best = new Float64Array(text.length + 1);
    const starts = new Int32Array(text.length + 1).fill(-1);
    const pieces = new Int32Array(text.length + 1).fill(-1);
    const offer = (from: number, to: number, score: number, id: number): void => {
      const sum = score + (best[from] ?? 0);
      if (starts[to] !== -1 && !(sum > (best[to] ?? 0))) return;
      best[to] = sum;
      starts[to] = from;
      pieces[to] = id;
    };
    for (let at = 0; at < text.length;) {
      const next = at + ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
      let known = false;
      for (const piece of index.at(text, at)) {
        const id = ids.get(piece) ?? 0;
        offer(at, at + piece.length, scores[id] ?? 0, id);
        known ||= at + piece.length === next;
      }
      if (!known) {
        if (unknown === null)
          throw tokenizerInvalid(
            `it has no piece for ${JSON.stringify(text.slice(at, next))}, and no unk_id`,
          );
        offer(at, next, unknownScore, unknown);
      }
      at = next;
    }
    for (const { start, end, id } of path(starts, pieces, unknown)) {
      if (id !== unknown) out.push(id);
      else if (bytes !== undefined)
        for (const byte of encoder.encode(text.slice(start, end))) out.push(bytes[byte] ?? 0);
      else out.push(id);
    }
  };
}

/** The pieces of the best cut in order, neighbouring unknown ones as one. */
function path(
  starts: Int32Array,
  pieces: Int32Array,
  unknown: number | null,
): { start: number; end: number; id: number }[] {
  const found: { start: number; end: number; id: number }[] = [];
  for (let end = starts.length - 1; end > 0;) {
    const [start, id] = [starts[end] ?? 0, pieces[end] ?? 0];
    const after = found.at(-1);
    if (id === unknown && after?.id === unknown) after.start = start;
    else found.push({ start, end, id });
    end = start;
  }
  return found.reverse();
}
