/** Sums timed dispatches by what they have in common. */

export interface Timed {
  readonly seconds: number;
  readonly work: number;
}

export interface Total extends Timed {
  readonly key: string;
  readonly count: number;
  /** Of the seconds of all. */
  readonly share: number;
}

/** Largest first. */
export function totalsBy<T extends Timed>(items: readonly T[], keyOf: (item: T) => string): Total[] {
  const all = items.reduce((sum, { seconds }) => sum + seconds, 0);
  const totals = new Map<string, Omit<Total, 'share'>>();
  for (const item of items) {
    const key = keyOf(item);
    const { count = 0, seconds = 0, work = 0 } = totals.get(key) ?? {};
    totals.set(key, { key, count: count + 1, seconds: seconds + item.seconds, work: work + item.work });
  }
  return [...totals.values()]
    .map((total) => ({ ...total, share: all === 0 ? 0 : total.seconds / all }))
    .sort((a, b) => b.seconds - a.seconds);
}
