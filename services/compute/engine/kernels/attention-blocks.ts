/** The blocks of queries that workgroups of the attention kernels take (see shaders/lib/block.wgsl), and the work in them. */

/** Queries of a block at most. Which variant runs where (attention-choice.ts) does not change it: blocks are planned before. */
export const BLOCK_QUERIES = 32;
export const BLOCK_WORDS = 5;

/** Some consecutive queries of one sequence that see the same keys and, each, one key more than the one before. */
export interface QueryRun {
  readonly firstQuery: number;
  readonly count: number;
  readonly firstKey: number;
  /** Keys before the one at the first query's own position. */
  readonly visible: number;
}

/** BLOCK_WORDS words for each block. */
export function planBlocks(runs: readonly QueryRun[]): Uint32Array<ArrayBuffer> {
  const words: number[] = [];
  for (const { firstQuery, count, firstKey, visible } of runs) {
    for (let i = 0; i < count; i += BLOCK_QUERIES) {
      words.push(
        firstQuery + i,
        Math.min(BLOCK_QUERIES, count - i),
        firstKey,
        visible + i,
        firstQuery + count,
      );
    }
  }
  return Uint32Array.from(words);
}

/** Queries of the longest of these blocks. */
export function longestBlock(blocks: Uint32Array): number {
  let longest = 0;
  for (let i = 0; i < blocks.length; i += BLOCK_WORDS) longest = Math.max(longest, blocks[i + 1]);
  return longest;
}

/**
 * Floating point operations of one product of scores, per head and head dimension: 2 for each visible pair. With a window,
 * those pairs that it leaves.
 */
export function scoreWork(blocks: Uint32Array, window = Infinity): number {
  let pairs = 0;
  for (let i = 0; i < blocks.length; i += BLOCK_WORDS) {
    const [count, visible] = [blocks[i + 1], blocks[i + 3]];
    // Queries that see all keys up to their own; those after them see `window` each.
    const whole = Math.min(count, Math.max(0, window - visible));
    pairs += whole * (visible + (whole + 1) / 2);
    if (whole < count) pairs += (count - whole) * window;
  }
  return 2 * pairs;
}
