import { describe, expect, it } from 'vitest';
import { embeddingBackward, embeddingForward } from './embedding.ts';
import { expectGradient, innerProduct, normalArrays } from './gradient-checks.ts';

describe('the embedding oracle', () => {
  it('copies the row of each id', () => {
    const out = embeddingForward({ ids: [2, 0, 2], table: [1, 2, 3, 4, 5, 6], vocabSize: 3, width: 2 });
    expect([...out]).toEqual([5, 6, 1, 2, 5, 6]);
  });

  it('adds up the gradients of an id that occurs more than once', () => {
    const normal = normalArrays(1);
    const shape = { ids: [4, 1, 4, 4, 0], vocabSize: 6, width: 3 };
    const dOut = normal(15);
    const loss = (table: Float64Array) => innerProduct(embeddingForward({ ...shape, table }), dOut);
    const dTable = embeddingBackward({ ...shape, dOut });
    expectGradient(dTable, normal(18), loss);
    expect([...dTable.subarray(6, 9)]).toEqual([0, 0, 0]);
  });

  it('scales rows, and gradients alike', () => {
    const normal = normalArrays(2);
    const shape = { ids: [2, 0, 2], vocabSize: 3, width: 2, scale: 3 };
    const out = embeddingForward({ ...shape, table: [1, 2, 3, 4, 5, 6] });
    expect([...out]).toEqual([15, 18, 3, 6, 15, 18]);
    const dOut = normal(6);
    const loss = (table: Float64Array) => innerProduct(embeddingForward({ ...shape, table }), dOut);
    expectGradient(embeddingBackward({ ...shape, dOut }), normal(6), loss);
  });

  it('refuses an id outside the vocabulary', () => {
    const options = { ids: [3], table: [1, 2, 3], vocabSize: 3, width: 1 };
    expect(() => embeddingForward(options)).toThrow('ids[0] is 3, outside 0 … 2');
  });
});
