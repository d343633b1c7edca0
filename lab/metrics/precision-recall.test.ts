import { describe, expect, it } from 'vitest';
import { auprcRetrieved } from './auprc-retrieved.ts';
import { precisionRecall } from './precision-recall.ts';

describe('precisionRecall', () => {
  it('has for each recall the best precision at that recall or beyond', () => {
    // Precisions at the rows to find: 1, 2/4, 3/5, 4/8, at recalls .25, .5, .75, 1; 2/4 is bettered by 3/5.
    const curve = precisionRecall([0, 4, 5, 1, 2, 6, 7, 3], new Set([0, 1, 2, 3]));
    expect(curve.length).toBe(21);
    expect(curve.slice(0, 6)).toEqual(new Array(6).fill(1));
    expect(curve.slice(6, 16)).toEqual(new Array(10).fill(3 / 5));
    expect(curve.slice(16)).toEqual(new Array(5).fill(4 / 8));
  });

  it('puts every twentieth row where it belongs', () => {
    const wanted = new Set(Array.from({ length: 20 }, (_, row) => row));
    // The last of 20 comes behind 20 others: all recalls but 1 have a precision of 1.
    const ranked = [...Array.from({ length: 19 }, (_, row) => row), ...[20, 21], 19];
    expect(precisionRecall(ranked, wanted)).toEqual([...new Array<number>(20).fill(1), 20 / 22]);
  });
});

describe('auprcRetrieved', () => {
  const poison = new Set([0, 1, 2]);

  it('pools what was retrieved of all outputs and sorts it by score', () => {
    // Retrieved: 9 to find, 4 not; 8 not, 3 to find. In order: hit, miss, miss, hit.
    const byOutput = [
      [9, 1, 1, 4, 0],
      [0, 3, 1, 8, 1],
    ];
    expect(auprcRetrieved(byOutput, poison, 2, 1)).toBeCloseTo((1 / 1 + 2 / 4) / 2, 14);
  });

  it('is 1 with most of the poison missed', () => {
    expect(auprcRetrieved([[9, 0, 0, 1, 1]], poison, 1, 1)).toBe(1);
  });

  it('counts rows of one score together', () => {
    // Two hits and a miss at the same score: precision 2/3 at recall 1.
    expect(auprcRetrieved([[5, 5, 0, 5, 1]], poison, 3, 1)).toBeCloseTo(2 / 3, 14);
  });

  it('is 0, and a number, where nothing to find was retrieved', () => {
    expect(auprcRetrieved([[0, 0, 0, 5, 4]], poison, 2, 1)).toBe(0);
  });
});
