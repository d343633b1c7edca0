/** What models are measured on: samples of random tokens, half prompt and half response. */
import { Random } from '../../lib/random.ts';
import type { Sample } from '../../services/compute/engine/attribution/sample.ts';

/** About those of short chat turns; 512 tokens together. */
const LENGTHS = [40, 88, 56, 72, 48, 80, 64, 64] as const;

/** The packed batch, of mixed lengths. @param tokens of the whole batch; the last sample is cut to fit */
export function benchBatch(tokens: number, vocabSize: number): Sample[] {
  const lengths: number[] = [];
  let left = tokens;
  while (left > 0) {
    const length = Math.min(left, LENGTHS[lengths.length % LENGTHS.length]);
    if (length < 2)
      throw new Error(`a batch of ${tokens} tokens leaves one token over: ask for more or fewer`);
    lengths.push(length);
    left -= length;
  }
  return samplesOf(lengths, vocabSize);
}

/** So many samples of one length, of at least 2 tokens. */
export function evenBatch(count: number, length: number, vocabSize: number): Sample[] {
  return samplesOf(
    Array.from({ length: count }, () => length),
    vocabSize,
  );
}

function samplesOf(lengths: readonly number[], vocabSize: number): Sample[] {
  const random = new Random(2);
  return lengths.map((length, i) => ({
    name: `sample ${i}`,
    inputIds: Array.from({ length }, () => random.int(vocabSize)),
    promptLength: Math.floor(length / 2),
  }));
}
