/** Finds the samples that a batch fails by: each half is tried again, until every sample has its result or is alone to blame. */

/**
 * Results in the order of the samples.
 * @param blame what a sample that fails alone gives; throws what is no sample's fault, which ends it all
 */
export async function halving<Sample, Result>(
  samples: readonly Sample[],
  work: (samples: readonly Sample[]) => Promise<readonly Result[]>,
  blame: (sample: Sample, error: unknown) => Result,
): Promise<readonly Result[]> {
  if (samples.length === 0) return [];
  try {
    return await work(samples);
  } catch (error) {
    // Also asked before halving, since it throws when no sample is to blame.
    const blamed = blame(samples[0], error);
    if (samples.length === 1) return [blamed];
    const middle = Math.ceil(samples.length / 2);
    const first = await halving(samples.slice(0, middle), work, blame);
    return [...first, ...(await halving(samples.slice(middle), work, blame))];
  }
}
