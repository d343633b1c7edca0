/** Sets of row numbers as sorted runs [first, count], which is how erased rows are kept: they mostly lie together. */

export type RowRanges = readonly (readonly [first: number, count: number])[];

export function toRanges(rows: Iterable<number>): RowRanges {
  const sorted = [...new Set(rows)].sort((a, b) => a - b);
  const ranges: [number, number][] = [];
  for (const row of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && row === last[0] + last[1]) last[1]++;
    else ranges.push([row, 1]);
  }
  return ranges;
}

export function* rowsOf(ranges: RowRanges): Generator<number> {
  for (const [first, count] of ranges) for (let i = 0; i < count; i++) yield first + i;
}

export function countOf(ranges: RowRanges): number {
  return ranges.reduce((sum, [, count]) => sum + count, 0);
}
