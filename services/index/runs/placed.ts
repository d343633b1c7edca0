/** Why a sample has no signature, told with its place in the source where its number does not tell it. */
import type { Origin } from '../datasets/dataset.ts';

export function placed({ line, part }: Origin, reason: string): string {
  return part === null ? reason : `line ${line}, part ${part}: ${reason}`;
}
