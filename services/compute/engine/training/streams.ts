/** The streams of random numbers that a run's seed gives: one for each tensor that begins anew, one for the order of each epoch. */
import { createHash } from 'node:crypto';
import { Random } from '../../../../lib/random.ts';

type Purpose = 'weights' | 'adapter' | 'epoch';

/**
 * A Random is seeded by 32 bits, which do not hold a seed of 53 and a tensor's number. Below these bounds they do, all apart, and
 * streams are what they always were: what was trained from such a seed is trained again to the same bits.
 */
const SMALL_SEED = 1_000_000;
const SMALL_INDEX = 4096;

/** Between one epoch and the next: above every small seed, so that no two seeds have an order in common. */
const EPOCH_STEP = 1_000_003;

/** Keeps a new adapter's values from being those that a model of the same seed began with. */
const ADAPTER_OFFSET = 0x4c6f5241;

/** @param seed of the run, a safe integer from 0 @param tensor its number among those that begin anew, from 0 */
export function tensorStream(seed: number, tensor: number, purpose: 'weights' | 'adapter'): Random {
  if (!isSmall(seed, tensor)) return hashedStream(purpose, seed, tensor);
  return new Random(seed * SMALL_INDEX + tensor + (purpose === 'adapter' ? ADAPTER_OFFSET : 0));
}

/** Each epoch has a stream of its own, so that a resumed run sees the rows in the same order. @param epoch from 0 */
export function epochStream(seed: number, epoch: number): Random {
  return isSmall(seed, epoch) ? new Random(seed + epoch * EPOCH_STEP) : hashedStream('epoch', seed, epoch);
}

function isSmall(seed: number, index: number): boolean {
  return seed >= 0 && seed < SMALL_SEED && index < SMALL_INDEX;
}

/** Of all bits of both numbers. */
function hashedStream(purpose: Purpose, seed: number, index: number): Random {
  const hash = createHash('sha256').update(`${purpose} ${seed} ${index}`).digest();
  const word = (i: number): number => hash.readUInt32LE(4 * i);
  return Random.fromState([word(0), word(1), word(2), word(3)]);
}
