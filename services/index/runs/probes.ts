/** Rows that stand for a dataset, evenly spaced over its good ones: for the choice of a layer, and for means. */
import { textPair, type TextPair } from '../../../lib/mesh/compute-messages.ts';
import { PROBE_ROWS, probeIndices } from '../../compute/engine/attribution/layer-choice.ts';
import { isBadRow, type Dataset, type ExpectedBytes } from '../datasets/dataset.ts';
import { bytesOf } from './grouping.ts';

/**
 * Rows that would take the message over `bytes` are passed over.
 * @param good number of the dataset's good rows
 * @param count of rows, at most
 */
export async function probeRows(
  dataset: Dataset,
  expected: ExpectedBytes,
  good: number,
  bytes: number,
  count = PROBE_ROWS,
): Promise<TextPair[]> {
  const wanted = new Set(probeIndices(good, count));
  const last = Math.max(...wanted);
  const probes: TextPair[] = [];
  let left = bytes;
  let index = 0;
  for await (const row of dataset.rows(0, { expected })) {
    if (isBadRow(row)) continue;
    if (wanted.has(index) && bytesOf(row) <= left) {
      left -= bytesOf(row);
      probes.push(textPair(row));
    }
    if (index++ === last) break;
  }
  return probes;
}
