/** A signed row as the store keeps it. */
import { v5 as uuidV5 } from 'uuid';
import { ReptraceError } from '../../../lib/errors.ts';
import type { SignedRow } from '../../../lib/mesh/index-messages.ts';
import type { DatasetRow } from '../datasets/dataset.ts';
import type { CollectionShape, SamplePoint } from '../stores/signature-store.ts';
import { unitBlocks } from '../vectors/unit-blocks.ts';

/** @param digest of the dataset when the index was made; see IndexRecord.firstDigest */
export function pointId(index: string, digest: string, row: number): string {
  return uuidV5(`${digest}/${row}`, index);
}

/** Throws NOT_FINITE, SHAPE_MISMATCH. */
export function pointOf(
  id: string,
  row: DatasetRow,
  signed: Extract<SignedRow, { readonly loss: number }>,
  shape: CollectionShape,
): SamplePoint {
  const { loss, truncated } = signed;
  if (!Number.isFinite(loss)) {
    throw new ReptraceError(
      'NOT_FINITE',
      'the loss is not finite',
      'The model cannot work with this text in its precision: leave it out.',
    );
  }
  return {
    id,
    ...row,
    truncated,
    loss,
    ...unitBlocks(signed.layers, shape),
  };
}
