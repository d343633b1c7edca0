/** The mesh benchmark's tables, as printed and as put into bench/README.md. */
import { percent, short, table } from '../measure/table.ts';
import type { IndexingSpeed } from './indexing.ts';
import type { Latency } from './latency.ts';
import type { MemoryUse } from './memory.ts';
import type { SearchSpeed } from './search.ts';

export function indexingTable({ rows, engine, meshes }: IndexingSpeed): string {
  const rate = (seconds: number): number => short(rows / seconds);
  return table(
    ['through', 'part', 'seconds', 'spread', 'samples/s', 'overhead', 'middle half of the rounds'],
    [
      ['engine alone', '', short(engine.median), percent(engine.spread), rate(engine.median), '', ''],
      ...meshes.flatMap(({ mesh, signing, whole, overheadSigning, overheadWhole }) =>
        (
          [
            ['signing', signing, overheadSigning],
            ['whole build', whole, overheadWhole],
          ] as const
        ).map(([part, seconds, overhead]) => [
          mesh,
          part,
          short(seconds.median),
          percent(seconds.spread),
          rate(seconds.median),
          percent(overhead.median),
          `${percent(overhead.low)} to ${percent(overhead.high)}`,
        ]),
      ),
    ],
  );
}

export function searchTable(speeds: readonly SearchSpeed[]): string {
  const both = ({ p50, p95 }: Latency): string => `${short(p50)} / ${short(p95)}`;
  return table(
    ['mesh', 'signatures', 'filled in s', 'exact search', 'default search', 'trace', 'trace with tokens'],
    speeds.map(({ mesh, points, filling, approximate, exact, trace, traceTokens, ...speed }) => [
      mesh,
      points,
      short(filling),
      both(exact),
      approximate ? `${both(speed.default)} (approximate)` : both(speed.default),
      both(trace),
      both(traceTokens),
    ]),
  );
}

export function memoryTable({ marks }: MemoryUse): string {
  const [first] = marks;
  return table(
    ['rows done', 'resident MiB', 'allocated MiB', 'growth', 'readings'],
    marks.map(({ share, all, anonymous, readings }) => [
      percent(share),
      short(all),
      short(anonymous),
      percent(all / first.all - 1),
      readings,
    ]),
  );
}
