/** Trainings that are not done twice: what was trained on the same rows, with equal seeds, is the same model. */
import { createHash } from 'node:crypto';

/** What a runner keeps between runs; keys are 64 hexadecimal digits. */
export interface TrainingCache<T> {
  get(key: string): Promise<T | undefined>;
  put(key: string, value: T): Promise<void>;
}

/**
 * @param train rows in the set's order; its seed, settings and set must be the same for every call and for all that the cache holds
 * @returns the same with memory: calls one after the other, each throws the signal's reason once it is aborted
 */
export function trainedOnce<T>(
  train: (rows: readonly number[]) => Promise<T>,
  cache?: TrainingCache<T>,
  signal?: AbortSignal,
): (rows: readonly number[]) => Promise<T> {
  const known = new Map<string, T>();
  return async (rows) => {
    signal?.throwIfAborted();
    const key = rowsKey(rows);
    const kept = known.get(key) ?? (await cache?.get(key));
    const value = kept ?? (await train(rows));
    if (kept === undefined) await cache?.put(key, value);
    known.set(key, value);
    return value;
  };
}

export function rowsKey(rows: readonly number[]): string {
  return createHash('sha256').update(rows.join(',')).digest('hex');
}
