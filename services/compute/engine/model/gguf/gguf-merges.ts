/**
 * Merges of a SentencePiece vocabulary of kind BPE, which has scores only: every way to cut a piece into two others is a
 * merge, ranked by the piece's score. In the order of transformers' converter (generate_merges), so that the ids are those
 * of the tokenizer.json that it writes.
 */
import { ReptraceError } from '../../../../../lib/errors.ts';

/** Longer pieces, in characters, are no part of any published vocabulary; SentencePiece makes none over 16 unasked. */
const MAX_PIECE_LENGTH = 512;
const MAX_MERGES = 1 << 22;

/** @param scores of the pieces, by their ids */
export function mergesOf(
  file: string,
  ids: ReadonlyMap<string, number>,
  scores: readonly number[],
): [string, string][] {
  const merges: { left: string; right: string; score: number; sizes: [number, number] }[] = [];
  for (const [piece, id] of ids) {
    const characters = Array.from(piece);
    if (characters.length > MAX_PIECE_LENGTH)
      throw tooMuch(file, `a token of ${characters.length} characters`);
    const ways: { left: string; right: string; sizes: [number, number]; ids: [number, number] }[] = [];
    let end = 0;
    for (let cut = 1; cut < characters.length; cut++) {
      end += characters[cut - 1]?.length ?? 0;
      const [left, right] = [piece.slice(0, end), piece.slice(end)];
      const [first, second] = [ids.get(left), ids.get(right)];
      if (first === undefined || second === undefined) continue;
      ways.push({ left, right, sizes: [cut, characters.length - cut], ids: [first, second] });
    }
    ways.sort((a, b) => a.ids[0] - b.ids[0] || a.ids[1] - b.ids[1]);
    for (const { left, right, sizes } of ways) merges.push({ left, right, score: scores[id] ?? 0, sizes });
    if (merges.length > MAX_MERGES) throw tooMuch(file, `more than ${MAX_MERGES} merges`);
  }
  merges.sort((a, b) => b.score - a.score || b.sizes[0] - a.sizes[0] || b.sizes[1] - a.sizes[1]);
  return merges.map(({ left, right }) => [left, right]);
}

function tooMuch(file: string, what: string): ReptraceError {
  return new ReptraceError(
    'TOKENIZER_INVALID',
    `The vocabulary of ${file} has ${what}: too much for a tokenizer.`,
    "Put the model's tokenizer.json beside the GGUF file.",
  );
}
