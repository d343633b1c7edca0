/** The packed batch that models are measured on: samples of mixed lengths, half prompt and half response. */
import { Random } from '../../lib/random.ts';
import type { Sample } from '../../services/compute/engine/attribution/sample.ts';

/** About those of short chat turns; 512 tokens together. */
const LENGTHS = [40, 88, 56, 72, 48, 80, 64, 64] as const;

/** @param tokens of the whole batch; the last sample is cut to fit */
export function benchBatch(tokens: number, vocabSize: number): Sample[] {
  const random = new Random(2);
  const samples: Sample[] = [];
  let left = tokens;
  while (left > 0) {
    const length = Math.min(left, LENGTHS[samples.length % LENGTHS.length]);
    if (length < 2)
      throw new Error(`a batch of ${tokens} tokens leaves one token over: ask for more or fewer`);
    samples.push({
      name: `sample ${samples.length}`,
      inputIds: Array.from({ length }, () => random.int(vocabSize)),
      promptLength: Math.floor(length / 2),
    });
    left -= length;
  }
  return samples;
}
