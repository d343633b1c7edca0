import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RARITY_SAMPLES } from '../../../lib/taught/constants.ts';
import { packLesson } from '../../../lib/taught/lesson.ts';
import type { SignatureStore } from '../stores/signature-store.ts';
import { LessonSamples, sampleLessons, type Lessons } from './lesson-samples.ts';
import { ID, openSearchWorld, type SearchWorld } from './testing.ts';

const FEW = 40;
const MANY = RARITY_SAMPLES + 500;

let few: SearchWorld;
let many: SearchWorld;
beforeAll(async () => {
  few = await openSearchWorld({ rows: FEW });
  many = await openSearchWorld({ rows: MANY });
});
afterAll(async () => {
  await few.close();
  await many.close();
});

/** Packed, since bytes are compared at once. */
const packed = (lessons: Lessons): string[] =>
  lessons.map(({ tokens, beginning }) => Buffer.from(packLesson(tokens, beginning)).toString('hex'));
const byId = ({ points, samples }: SearchWorld, rows: readonly number[]): string[] =>
  packed(
    [...rows]
      .sort((a, b) => (points[a].id < points[b].id ? -1 : 1))
      .map((row) => ({ tokens: samples[row].lesson, beginning: samples[row].beginning })),
  );

describe('lessons that stand for an index', () => {
  it('are all of a small one, in an order that no store decides', async () => {
    const rows = Array.from({ length: FEW }, (_, row) => row);
    expect(packed(await sampleLessons(few.store, ID, FEW))).toEqual(byId(few, rows));
  });

  it('are of rows spread over a large one, without those that were erased', async () => {
    const rows = Array.from({ length: RARITY_SAMPLES }, (_, i) => Math.floor((i * MANY) / RARITY_SAMPLES));
    expect(packed(await sampleLessons(many.store, ID, MANY))).toEqual(byId(many, rows));
    await many.store.erase(ID, { rows: [rows[3], rows[200]] });
    const left = rows.filter((row) => row !== rows[3] && row !== rows[200]);
    expect(packed(await sampleLessons(many.store, ID, MANY))).toEqual(byId(many, left));
  });

  it('are read once, until samples are added or erased', async () => {
    let reads = 0;
    const store: Pick<SignatureStore, 'lessons'> = {
      lessons: (index, filter) => {
        reads++;
        return few.store.lessons(index, filter);
      },
    };
    const kept = new LessonSamples(store);
    const first = await kept.of(few.record);
    expect(await kept.of(few.record)).toBe(first);
    expect(reads).toBe(1);
    await kept.of({ ...few.record, generation: few.record.generation + 1 });
    expect(reads).toBe(2);
    // Of so many indexes at once; the one that was longest unused goes first.
    for (let i = 0; i < 8; i++) await kept.of({ ...few.record, generation: 10 + i });
    await kept.of(few.record);
    expect(reads).toBe(11);
  });

  it('are asked again where reading them failed', async () => {
    let broken = true;
    const store: Pick<SignatureStore, 'lessons'> = {
      lessons: (index, filter) => {
        if (broken) throw new Error('away');
        return few.store.lessons(index, filter);
      },
    };
    const kept = new LessonSamples(store);
    await expect(kept.of(few.record)).rejects.toThrow('away');
    broken = false;
    expect(await kept.of(few.record)).toHaveLength(FEW);
  });
});
