/**
 * Some of an index's lessons, which say how unusual one is in it (lib/taught/rarity.ts). Read once, since every search needs
 * them, and again when samples were added or erased.
 */
import { unpackLesson, type Lesson } from '../../../lib/taught/lesson.ts';
import { rowsForRarity } from '../../../lib/taught/rarity.ts';
import type { IndexRecord } from '../runs/index-record.ts';
import type { SignatureStore } from '../stores/signature-store.ts';

/** Of each sample, what it taught; without a token, for one that taught nothing. */
export type Lessons = readonly Lesson[];

type LessonStore = Pick<SignatureStore, 'lessons'>;

/** Indexes whose samples are kept: they take up to 2 MB each. */
const INDEXES = 8;

/**
 * All lessons of a small index; of a large one those of some rows of its dataset, without those that were erased or have no
 * signature. By id, so that sums over them are the same to the last digit in every store. Throws what the store throws.
 * @param rows of the dataset
 */
export async function sampleLessons(store: LessonStore, index: string, rows: number): Promise<Lessons> {
  const some = rowsForRarity(rows);
  const filter = some.length === rows ? undefined : { rows: some };
  const found: { readonly id: string; readonly lesson: Lesson }[] = [];
  for await (const { ids, bytes, ends } of store.lessons(index, filter)) {
    for (const [i, id] of ids.entries()) {
      found.push({ id, lesson: unpackLesson(bytes.subarray(i === 0 ? 0 : ends[i - 1], ends[i])) });
    }
  }
  found.sort((a, b) => (a.id < b.id ? -1 : 1));
  return found.map(({ lesson }) => lesson);
}

/** For one store. */
export class LessonSamples {
  readonly #store: LessonStore;
  /** The longest unused first. */
  readonly #kept = new Map<string, Promise<Lessons>>();

  constructor(store: LessonStore) {
    this.#store = store;
  }

  /** Throws as `sampleLessons`. */
  of({ id, generation, attempt, dataset }: IndexRecord): Promise<Lessons> {
    const key = `${id} ${generation} ${attempt}`;
    const kept = this.#kept.get(key) ?? this.#read(key, id, dataset.rows);
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= INDEXES) break;
      this.#kept.delete(oldest);
    }
    return kept;
  }

  /** What failed is asked again the next time. */
  async #read(key: string, index: string, rows: number): Promise<Lessons> {
    try {
      return await sampleLessons(this.#store, index, rows);
    } catch (error) {
      this.#kept.delete(key);
      throw error;
    }
  }
}
