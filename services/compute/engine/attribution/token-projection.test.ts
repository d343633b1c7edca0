import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../../lib/random.ts';
import { PROJECTION_SEED, TOKEN_DIMS } from '../../../../lib/taught/constants.ts';
import { projectionMatrix } from './token-projection.ts';
import { cosine } from './vectors.ts';

function projectedBy(matrix: Float32Array, vector: Float64Array): Float64Array {
  return Float64Array.from({ length: TOKEN_DIMS }, (_, row) =>
    vector.reduce((sum, value, i) => sum + value * matrix[row * vector.length + i], 0),
  );
}

function gaussian(random: Random, width: number): Float64Array {
  return Float64Array.from({ length: width }, () => random.normal());
}

/** Mean and mean absolute error of projected cosines, over pairs whose second vector leans to the first by `lean`. */
function cosineErrors(lean: number): { bias: number; error: number } {
  const [width, pairs] = [576, 400];
  const matrix = projectionMatrix(PROJECTION_SEED, width);
  const random = new Random(5);
  let [bias, error] = [0, 0];
  for (let pair = 0; pair < pairs; pair++) {
    const a = gaussian(random, width);
    const b = gaussian(random, width).map((value, i) => lean * a[i] + (1 - lean) * value);
    const gap = cosine(projectedBy(matrix, a), projectedBy(matrix, b)) - cosine(a, b);
    bias += gap / pairs;
    error += Math.abs(gap) / pairs;
  }
  return { bias, error };
}

describe('the projection of token rows', () => {
  it('is pinned: stored indexes hold what it made', () => {
    const signs = [...projectionMatrix(PROJECTION_SEED, 64).subarray(0, 40)].map((value) =>
      value < 0 ? '-' : '+',
    );
    expect(signs.join('')).toBe('+++-+-+--+-+++--+--++-+-+++++++-+++-++++');
    const digest = createHash('sha256').update(projectionMatrix(PROJECTION_SEED, 576)).digest('hex');
    expect(digest).toBe('024058bb0141a3e9fc3ec1ceec98fec8a3519647aa675628a9d4d064a8c37047');
  });

  it('has entries of 1/8 with even odds, and other signs for another seed', () => {
    const matrix = projectionMatrix(1, 512);
    expect(matrix).toHaveLength(TOKEN_DIMS * 512);
    expect(matrix.every((value) => Math.abs(value) === 1 / 8)).toBe(true);
    // Five standard deviations of the mean.
    const bound = (5 * (1 / 8)) / Math.sqrt(matrix.length);
    expect(Math.abs(matrix.reduce((sum, value) => sum + value, 0) / matrix.length)).toBeLessThan(bound);
    const other = projectionMatrix(2, 512);
    const same = matrix.filter((value, i) => value === other[i]).length / matrix.length;
    expect(Math.abs(same - 0.5)).toBeLessThan(0.02);
  });

  it('keeps the cosines of random vectors to about 0.1, alike ones better, and leans to no side', () => {
    const unrelated = cosineErrors(0);
    expect(unrelated.error).toBeLessThan(0.12);
    expect(Math.abs(unrelated.bias)).toBeLessThan(0.03);
    const alike = cosineErrors(0.7);
    expect(alike.error).toBeLessThan(0.04);
    expect(Math.abs(alike.bias)).toBeLessThan(0.01);
  });
});
