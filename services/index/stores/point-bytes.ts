/**
 * What points take on disk, for plans: formulas fitted to what stores really took. Pure. Measured with 100 to 20,000 points of
 * random unit blocks, 64 and 576 wide, one and two layers, with and without lessons of eight tokens and a beginning, and texts of 124 bytes
 * each, all in bytes that files have allocated. Lessons of fewer tokens take less than said here.
 */
import { MAX_LESSON_BYTES } from '../../../lib/taught/lesson.ts';
import { POOLED_DIMS } from '../../../lib/taught/pooled.ts';
import { vectorLength } from './checks.ts';
import type { CollectionShape } from './signature-store.ts';

export interface PointCounts {
  readonly points: number;
  readonly shape: CollectionShape;
  /** UTF-8 of a point's texts, labels and metadata, on average. */
  readonly textBytes: number;
}

/** A whole lesson, its pooled vector and its weight: 2,892. A unit test holds it to the 3 KB that a sample may take. */
export const LESSON_BYTES = MAX_LESSON_BYTES + 4 * POOLED_DIMS + 4;

/** What LanceDB takes for it beyond that. Measured at 7.8. */
const LANCE_LESSON = 8;

/** A LanceDB point beyond its floats and texts: id, numbers, offsets. Measured at 63.0 to 63.6. */
const LANCE_POINT = 64;
/**
 * A write to LanceDB is a file and a version of its own, of 68 to 77 kB beside the points, until they are merged: when there
 * are more than 32, and a quarter of the points is new (lance-upkeep.ts).
 */
const LANCE_WRITE = 75_000;
const MOST_WRITES = 32;
/** Points of one write in builds on a slow device, where each second has its write: 22 to 30 were seen. Others make fewer. */
const POINTS_OF_WRITE = 30;

/**
 * Qdrant keeps what it is given in its log too, and makes files larger than they are filled: 2.5 times vector, norms and
 * texts, plus 400 bytes a point, was right to 6 % from 500 points on, 4 s after the last write. It shrinks later.
 */
const QDRANT_FACTOR = 2.5;
const QDRANT_POINT = 400;
/**
 * A lesson in Qdrant is text, a third longer than its bytes, and in the log too. Measured at 5,840 with 20,000 points, 7,530
 * with 4,000 and 6,490 with 500; with this, those were right to 11 %. 20,000 points 576 wide took 4 s after
 * their last write 531 MB, 1.4 times what is said, where those without beginnings had taken 366 MB: stores are tidied at times of their own.
 */
const QDRANT_LESSON = 6500;

export function lanceBytes(counts: PointCounts): number {
  const { points, shape } = counts;
  const writes = Math.min(MOST_WRITES, Math.ceil(points / POINTS_OF_WRITE));
  const lesson = shape.taught ? LESSON_BYTES + LANCE_LESSON : 0;
  return Math.round(points * (payloadBytes(counts) + LANCE_POINT + lesson) + writes * LANCE_WRITE);
}

export function qdrantBytes(counts: PointCounts): number {
  const lesson = counts.shape.taught ? QDRANT_LESSON : 0;
  return Math.round(counts.points * (QDRANT_FACTOR * payloadBytes(counts) + QDRANT_POINT + lesson));
}

/** Of one point without its lesson: vector and norms in float32, and texts. */
function payloadBytes({ shape, textBytes }: PointCounts): number {
  return 4 * (vectorLength(shape) + 2 * shape.layers.length) + textBytes;
}
