/** Trainings that are not done twice: what was trained on the same rows, with equal seeds, is the same model. */

/**
 * @param train rows in the set's order; its seed, settings and set must be the same for every call
 * @returns the same with memory, for calls one after the other
 */
export function trainedOnce<T>(
  train: (rows: readonly number[]) => Promise<T>,
): (rows: readonly number[]) => Promise<T> {
  const known = new Map<string, T>();
  return async (rows) => {
    const key = rows.join(',');
    const value = known.get(key) ?? (await train(rows));
    known.set(key, value);
    return value;
  };
}
