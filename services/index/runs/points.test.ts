import { describe, expect, it } from 'vitest';
import { TOKEN_DIMS } from '../../../lib/taught/constants.ts';
import { packLesson, type SampleBeginning, type TaughtToken } from '../../../lib/taught/lesson.ts';
import { pooled } from '../../../lib/taught/pooled.ts';
import type { DatasetRow } from '../datasets/dataset.ts';
import type { SamplePoint } from '../stores/signature-store.ts';
import { pointOf, type PointShape } from './points.ts';

const row: DatasetRow = {
  ...{ row: 4, line: 5, sourceRow: 4, part: null, label: null, metadata: {} },
  ...{ context: [], prompt: 'a', response: 'b', raw: null },
};
const layers = [{ layer: 3, hidden: Float32Array.of(3, 4), gradient: Float32Array.of(0, 2) }];
const withLessons: PointShape = { layers: [3], width: 2, taught: true, beginnings: false };
const withBeginnings: PointShape = { ...withLessons, beginnings: true };

const unit = (axis: number): Float32Array => {
  const vector = new Float32Array(TOKEN_DIMS);
  vector[axis] = 1;
  return vector;
};
const tokens: TaughtToken[] = [
  { position: 7, weight: 4.5, gradient: unit(0), hidden: unit(1) },
  { position: 3, weight: 1.25, gradient: unit(2), hidden: unit(3) },
];
const beginning: SampleBeginning = { position: 2, total: 9.5, gradient: unit(4), hidden: unit(5) };

function point(lesson: Uint8Array | null, shape = withLessons): SamplePoint {
  return pointOf('id', row, { row: 4, layers, loss: 1, truncated: false, lesson }, shape);
}

function codeOf(lesson: Uint8Array | null, shape = withLessons): string {
  try {
    point(lesson, shape);
    return 'none';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('the lesson of a point', () => {
  it('is what was sent, in memory of its own, with its sum and its pooled vector', () => {
    const packed = packLesson(tokens);
    const message = new Uint8Array(packed.length + 100);
    message.set(packed, 13);
    const { taught, lesson } = point(message.subarray(13, 13 + packed.length));
    expect(taught).toBe(5.75);
    expect(lesson?.packed).toEqual(packed);
    expect(lesson?.packed.buffer.byteLength).toBe(packed.length);
    expect(lesson?.pooled).toEqual(pooled(tokens));
  });

  it('of a sample that taught nothing is empty, and its sum 0', () => {
    const { taught, lesson } = point(new Uint8Array());
    expect([taught, lesson?.packed.length]).toEqual([0, 0]);
    expect(lesson?.pooled.every((value) => value === 0)).toBe(true);
  });

  it('is null in an index without a base model, also when one was sent', () => {
    const shape = { ...withLessons, taught: false };
    for (const sent of [null, packLesson(tokens)]) {
      expect(point(sent, shape)).toMatchObject({ taught: null, lesson: null });
    }
  });

  it('is refused by name when it is missing, cannot be read, or has numbers that cannot be', () => {
    expect(codeOf(null)).toBe('SHAPE_MISMATCH');
    expect(codeOf(packLesson(tokens).subarray(1))).toBe('SHAPE_MISMATCH');
    expect(codeOf(packLesson([{ ...tokens[0], weight: -1 }]))).toBe('SHAPE_MISMATCH');
    for (const weight of [NaN, Infinity]) {
      expect(codeOf(packLesson([{ ...tokens[0], weight }]))).toBe('NOT_FINITE');
    }
    expect(codeOf(packLesson(tokens.map((token) => ({ ...token, weight: 3e38 }))))).toBe('NOT_FINITE');
    expect(codeOf(packLesson([{ ...tokens[0], hidden: unit(1).fill(NaN) }]))).toBe('NOT_FINITE');
    expect(codeOf(packLesson(tokens))).toBe('none');
  });
  it('has the beginning as it was sent, which adds nothing to what its tokens say', () => {
    const packed = packLesson(tokens, beginning);
    const { taught, lesson } = point(packed, withBeginnings);
    expect(taught).toBe(5.75);
    expect(lesson?.packed).toEqual(packed);
    expect(lesson?.pooled).toEqual(pooled(tokens));
    expect(codeOf(packLesson([], beginning), withBeginnings)).toBe('none');
  });

  it('is refused by name where it has no beginning and those of its index do, or the other way round', () => {
    expect(codeOf(packLesson(tokens), withBeginnings)).toBe('SHAPE_MISMATCH');
    expect(codeOf(new Uint8Array(), withBeginnings)).toBe('SHAPE_MISMATCH');
    expect(codeOf(packLesson(tokens, beginning), withLessons)).toBe('SHAPE_MISMATCH');
  });

  it('is refused by name where its beginning has numbers that cannot be', () => {
    const sent = (change: Partial<SampleBeginning>): string =>
      codeOf(packLesson(tokens, { ...beginning, ...change }), withBeginnings);
    expect(sent({ total: -1 })).toBe('SHAPE_MISMATCH');
    expect(sent({ total: Infinity })).toBe('NOT_FINITE');
    expect(sent({ hidden: unit(1).fill(NaN) })).toBe('NOT_FINITE');
    expect(sent({ gradient: unit(1).fill(Infinity) })).toBe('NOT_FINITE');
  });
});
