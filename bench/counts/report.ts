/** The counts' tables, as printed and as put into bench/README.md. Megabytes are 10^6 bytes. */
import { short, table } from '../measure/table.ts';
import type { BlockDispatches } from './block.ts';
import type { Counted, ShaderTotal } from './difference.ts';
import type { FusedDispatch, Least } from './least.ts';
import type { Touched } from './touched.ts';

export const WAYS: readonly { readonly way: keyof BlockDispatches; readonly title: string }[] = [
  { way: 'forward', title: 'forward, nothing kept' },
  { way: 'taped', title: 'forward, kept for the backward' },
  { way: 'backward', title: 'backward' },
];

export interface Summary {
  readonly way: keyof BlockDispatches;
  readonly dispatches: number;
  readonly fusedDispatches: number;
  /** Bytes read and written. */
  readonly bytes: number;
  readonly bytesRead: number;
  readonly fusedBytes: number;
  readonly leastBytes: number;
  readonly leastBytesRead: number;
}

export function summaryOf(
  way: keyof BlockDispatches,
  dispatches: readonly Counted[],
  { fused, bytes }: Least,
): Summary {
  return {
    ...{ way, dispatches: dispatches.length, fusedDispatches: fused.length },
    ...{ bytes: moved(dispatches), bytesRead: dispatches.reduce((sum, { read }) => sum + read, 0) },
    ...{ fusedBytes: moved(fused), leastBytes: moved([bytes]), leastBytesRead: bytes.read },
  };
}

function moved(all: readonly Touched[]): number {
  return all.reduce((sum, { read, written }) => sum + read + written, 0);
}

export function summaryTable(summaries: readonly Summary[]): string {
  return table(
    [
      '',
      'dispatches',
      'fused',
      'ratio',
      'MB moved',
      'fused',
      'least',
      'over least',
      'MB read',
      'least',
      'over least',
    ],
    summaries.map((one) => [
      WAYS.find(({ way }) => way === one.way)?.title ?? one.way,
      one.dispatches,
      one.fusedDispatches,
      short(one.dispatches / one.fusedDispatches),
      ...[one.bytes, one.fusedBytes, one.leastBytes].map(megabytes),
      short(one.bytes / one.leastBytes),
      ...[one.bytesRead, one.leastBytesRead].map(megabytes),
      short(one.bytesRead / one.leastBytesRead),
    ]),
  );
}

export function shaderTable(totals: readonly ShaderTotal[]): string {
  return table(
    ['shader', 'dispatches', 'MB read', 'MB written', 'GFLOP'],
    totals.map(({ shader, dispatches, read, written, work }) => [
      ...[shader, dispatches, megabytes(read), megabytes(written), short(work / 1e9)],
    ]),
  );
}

export function fusedTable(fused: readonly FusedDispatch[]): string {
  return table(
    ['dispatch', 'MB read', 'MB written'],
    fused.map(({ name, read, written }) => [name, megabytes(read), megabytes(written)]),
  );
}

function megabytes(bytes: number): number {
  return short(bytes / 1e6);
}
