import { describe, expect, it } from 'vitest';
import { Random } from '../random.ts';
import { KEPT_TOKENS, TOKEN_DIMS } from './constants.ts';
import {
  BEGINNING_BIT,
  MAX_LESSON_BYTES,
  packLesson,
  TOKEN_BYTES,
  unpackLesson,
  type SampleBeginning,
  type TaughtToken,
} from './lesson.ts';

const random = new Random(17);
/** Numbers that float16 has. */
const row = (): Float32Array =>
  Float32Array.from({ length: TOKEN_DIMS }, () => (random.int(513) - 256) / 256);
const token = (position: number): TaughtToken => ({
  ...{ position, weight: Math.fround(random.next()), gradient: row(), hidden: row() },
});
const tokens = Array.from({ length: KEPT_TOKENS }, (_, i) => token(9 + i));
const beginning: SampleBeginning = { position: 8, total: 12.5, gradient: row(), hidden: row() };

describe('a packed lesson', () => {
  it('has its tokens and its beginning again, and says where it has none', () => {
    for (const kept of [[], tokens.slice(0, 3), tokens]) {
      for (const begins of [null, beginning]) {
        const packed = packLesson(kept, begins);
        expect(packed.length).toBe((kept.length + (begins === null ? 0 : 1)) * TOKEN_BYTES);
        expect(unpackLesson(packed)).toEqual({ tokens: kept, beginning: begins });
      }
    }
    expect(packLesson(tokens, beginning).length).toBe(MAX_LESSON_BYTES);
  });

  it('without a beginning has the bytes that lessons of the method taught 1 have', () => {
    const packed = packLesson([{ ...tokens[0], position: 0x01020304, weight: 1 }]);
    expect([...packed.subarray(0, 8)]).toEqual([4, 3, 2, 1, 0, 0, 0x80, 0x3f]);
    expect(packed.length).toBe(8 + 4 * TOKEN_DIMS);
  });

  it('keeps of more tokens the first', () => {
    const packed = packLesson([...tokens, token(40)], beginning);
    expect(unpackLesson(packed)).toEqual({ tokens, beginning });
  });
});

describe('bytes that are no lesson are refused by name', () => {
  const code = 'SHAPE_MISMATCH';
  const refused = (packed: Uint8Array): void => {
    expect(() => unpackLesson(packed)).toThrow(
      expect.objectContaining({
        code,
        message: expect.stringContaining(`a lesson of ${packed.length} bytes is none`) as string,
      }) as Error,
    );
  };

  it('where a record is cut off, or there are too many tokens', () => {
    for (const length of [1, TOKEN_BYTES - 1, TOKEN_BYTES + 8]) refused(new Uint8Array(length));
    refused(new Uint8Array((KEPT_TOKENS + 1) * TOKEN_BYTES));
    refused(new Uint8Array((KEPT_TOKENS + 2) * TOKEN_BYTES));
  });

  it('where anything comes after the beginning', () => {
    const packed = packLesson(tokens, beginning);
    const turned = new Uint8Array([
      ...packed.subarray(KEPT_TOKENS * TOKEN_BYTES),
      ...packed.subarray(0, TOKEN_BYTES),
    ]);
    refused(turned);
    const twice = packLesson([], beginning);
    refused(new Uint8Array([...twice, ...twice]));
    expect(new DataView(turned.buffer).getUint32(0, true)).toBe(BEGINNING_BIT + beginning.position);
  });
});
