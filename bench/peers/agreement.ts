/** Whether a peer did the same work: a benchmark of different work says nothing. */
import { relativeError } from '../../services/compute/engine/oracle/compare.ts';
import type { StackResult } from './stack.ts';

export interface Differences {
  /** Of our loss. */
  readonly loss: number;
  /** The largest, of the largest element of our gradient. */
  readonly gradient: number;
}

/** Float32 sums in different orders stay a hundred times below. */
const TOLERANCE = 1e-3;

/** Throws, naming the peer, unless both results are the same to 1e-3. */
export function differences(peer: string, ours: StackResult, theirs: StackResult): Differences {
  const found = {
    loss: relativeError([theirs.loss], [ours.loss]),
    gradient: relativeError(theirs.gradient, ours.gradient),
  };
  for (const [what, difference] of Object.entries(found)) {
    if (difference <= TOLERANCE) continue;
    throw new Error(`${peer} did not do our work: its ${what} and ours differ by ${difference}`);
  }
  return found;
}
