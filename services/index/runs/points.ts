/** A signed row as the store keeps it. */
import { v5 as uuidV5 } from 'uuid';
import { ReptraceError } from '../../../lib/errors.ts';
import type { SignedRow } from '../../../lib/mesh/index-messages.ts';
import { lessonTotal, unpackLesson } from '../../../lib/taught/lesson.ts';
import { pooled } from '../../../lib/taught/pooled.ts';
import type { DatasetRow } from '../datasets/dataset.ts';
import type { CollectionShape, SamplePoint } from '../stores/signature-store.ts';
import { unitBlocks } from '../vectors/unit-blocks.ts';

type Signed = Extract<SignedRow, { readonly loss: number }>;

/** @param digest of the dataset when the index was made; see IndexRecord.firstDigest */
export function pointId(index: string, digest: string, row: number): string {
  return uuidV5(`${digest}/${row}`, index);
}

export interface PointShape extends CollectionShape {
  /** Whether lessons have beginnings. */
  readonly beginnings: boolean;
}

/** Throws NOT_FINITE, SHAPE_MISMATCH (also for a lesson that is missing or none, or of an index of another method). */
export function pointOf(id: string, row: DatasetRow, signed: Signed, shape: PointShape): SamplePoint {
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
    ...taughtOf(signed, shape),
    ...unitBlocks(signed.layers, shape),
  };
}

function taughtOf(
  { lesson: sent }: Pick<Signed, 'lesson'>,
  shape: PointShape,
): Pick<SamplePoint, 'taught' | 'lesson'> {
  if (!shape.taught) return { taught: null, lesson: null };
  // Beyond the types: what a worker of another version leaves out is missing altogether.
  if (!(sent instanceof Uint8Array)) {
    throw new ReptraceError(
      'SHAPE_MISMATCH',
      'the worker did not tell what the sample taught',
      'Run workers of the same version as the index service, then resume the build.',
    );
  }
  // What was sent is a view of the whole message, which would be held as long as it.
  const packed = Uint8Array.from(sent);
  const { tokens, beginning } = unpackLesson(packed);
  if ((beginning !== null) !== shape.beginnings) {
    throw new ReptraceError(
      'SHAPE_MISMATCH',
      `the worker told ${beginning === null ? 'nothing' : 'something'} of where the response begins, other than the index has it`,
      'Run workers of the same version as the index service, then resume the build.',
    );
  }
  const [taught, vector] = [lessonTotal(tokens), pooled(tokens)];
  const begun = beginning === null ? [] : [beginning.total, ...beginning.hidden, ...beginning.gradient];
  // Stores keep it in float32.
  if (!Number.isFinite(Math.fround(taught)) || ![...vector, ...begun].every(Number.isFinite)) {
    throw new ReptraceError(
      'NOT_FINITE',
      'what the sample taught is not finite',
      'The model or its base cannot work with this text in its precision: leave it out.',
    );
  }
  if (tokens.some(({ weight }) => weight < 0) || (beginning !== null && beginning.total < 0)) {
    throw new ReptraceError(
      'SHAPE_MISMATCH',
      'the worker told of a token that was taught less than nothing',
      'Run workers of the same version as the index service, then build the index again.',
    );
  }
  return { taught, lesson: { packed, pooled: vector } };
}
