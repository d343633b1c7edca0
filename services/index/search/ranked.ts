/** Samples as a search ranks them, and the best of many without keeping the rest. */
import type { Scores } from '../vectors/query-vector.ts';
import type { SampleFilter, SamplePoint, SignatureStore } from '../stores/signature-store.ts';

export interface Ranked extends Scores {
  readonly point: SamplePoint;
}

export type Score = (point: SamplePoint) => Scores;

/** What a search goes through. */
export interface Place {
  readonly store: SignatureStore;
  readonly index: string;
  readonly filter: SampleFilter | undefined;
}

/**
 * Best first. Those of the same score, as all are for an output that was taught nothing, by their cosines at p; then by row.
 */
export function byRank(a: Ranked, b: Ranked): number {
  return (
    b.score - a.score ||
    b.hiddenScore + b.gradientScore - (a.hiddenScore + a.gradientScore) ||
    a.point.row - b.point.row
  );
}

export class Best {
  readonly #count: number;
  #kept: Ranked[] = [];
  /** Of a full list: what is worse needs not be kept. */
  #border: Ranked | undefined;

  constructor(count: number) {
    this.#count = count;
  }

  add(one: Ranked): void {
    if (this.#border !== undefined && byRank(this.#border, one) <= 0) return;
    this.#kept.push(one);
    // Sorting now and then costs less than a place for each.
    if (this.#kept.length >= 2 * this.#count) this.#cut();
  }

  /** The lowest score of a full list; undefined while there is room for any. */
  get border(): number | undefined {
    this.#cut();
    return this.#border?.score;
  }

  sorted(): Ranked[] {
    this.#cut();
    return [...this.#kept];
  }

  #cut(): void {
    this.#kept = this.#kept.sort(byRank).slice(0, this.#count);
    this.#border = this.#kept.at(this.#count - 1);
  }
}

/** The best of all samples that the filter lets through. */
export async function scan({ store, index, filter }: Place, top: number, score: Score): Promise<Ranked[]> {
  const best = new Best(top);
  for await (const page of store.scan(index, filter)) {
    for (const point of page) best.add({ point, ...score(point) });
  }
  return best.sorted();
}

/** Whether there are no more samples than so many. */
export async function isSmall({ store, index, filter }: Place, samples: number): Promise<boolean> {
  return (await store.count(index, filter)) <= samples;
}
