/** DataInf, LiSSA and the solved influence function: closed forms, the direct solve, and the sign. */
import { describe, expect, it } from 'vitest';
import { Random } from '../../lib/random.ts';
import { choleskySolver } from './cholesky.ts';
import { DAMPING, dampedFisher, type TensorGradients } from './damped-influence.ts';
import { dataInf, DATAINF } from './datainf.ts';
import { gradientsFeatures } from './gradient-testing.ts';
import { INFLUENCE } from './influence.ts';
import { lissa, LISSA } from './lissa.ts';
import type { Method } from './method.ts';

function gradients(seed: number, count: number, width: number, scale = 1): TensorGradients {
  const random = new Random(seed);
  const values = Float64Array.from({ length: count * width }, () => scale * random.normal());
  return { values, count, width, damping: 0.1 * scale ** 2 };
}

function expectNear(actual: Float64Array, expected: Float64Array, digits = 10): void {
  const size = Math.hypot(...expected);
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => {
    expect(value / size).toBeCloseTo(expected[i] / size, digits);
  });
}

const V = Float64Array.of(1, -2, 0.5, 3);
const METHODS: readonly Method[] = [DATAINF, LISSA, INFLUENCE];

describe('the Cholesky solver', () => {
  it('solves what multiplies back to the right side', () => {
    const system = gradients(1, 9, 4);
    const matrix = dampedFisher(system);
    const x = choleskySolver(matrix, 4)(V);
    const back = V.map((_, i) => x.reduce((sum, value, j) => sum + matrix[i * 4 + j] * value, 0));
    expectNear(back, V);
  });

  it('names a matrix that is not positive', () => {
    expect(() => choleskySolver(Float64Array.of(1, 2, 2, 1), 2)).toThrow(/pivot of -3 in row 1/);
  });
});

describe('DataInf’s inverse', () => {
  it('is exact for one row', () => {
    const one = gradients(2, 1, 4);
    expectNear(dataInf(one)(V), choleskySolver(dampedFisher(one), 4)(V));
  });

  it('is the mean of the inverses of each row’s own damped matrix', () => {
    const all = gradients(3, 6, 4);
    const mean = new Float64Array(4);
    for (let row = 0; row < 6; row++) {
      const own = { ...all, values: all.values.subarray(row * 4, row * 4 + 4), count: 1 };
      choleskySolver(
        dampedFisher(own),
        4,
      )(V).forEach((value, i) => {
        mean[i] += value / 6;
      });
    }
    expectNear(dataInf(all)(V), mean);
  });
});

describe('LiSSA’s iteration', () => {
  it.each([1e-4, 1, 1e3])('converges to the direct solve, for gradients of size %s', (scale) => {
    const system = gradients(4, 12, 4, scale);
    expectNear(lissa(system, 2000)(V), choleskySolver(dampedFisher(system), 4)(V));
  });

  it('is the first terms of the Neumann series', () => {
    // F + λ = diag(3, 1): its largest row sums to 3, so r = v + (I - A / 3) r. Of the second number 1 + 2/3 + 4/9 are taken.
    const system = { values: Float64Array.of(2, 0, 0, 0), count: 2, width: 2, damping: 1 };
    const solved = lissa(system, 2)(Float64Array.of(3, 3));
    expect(solved[0]).toBeCloseTo(1, 12);
    expect(solved[1]).toBeCloseTo(1 + 2 / 3 + 4 / 9, 12);
  });
});

describe.each(METHODS)('$title', (method) => {
  it('puts the row whose gradient is the output’s first and the one that opposes it last', () => {
    const features = gradientsFeatures(
      [{ rows: [[-1, -2, 0, 1], [0, 0, 1, 0], [1, 2, 0, -1]], outputs: [[1, 2, 0, -1]] }], // prettier-ignore
      [2, 2],
    );
    const [[opposed, unrelated, same]] = method.scores(features).byOutput;
    expect(same).toBeGreaterThan(0);
    expect(opposed).toBeCloseTo(-same, 10);
    expect(unrelated).toBe(0);
  });

  it('has the closed form of a single row, tensor by tensor, with the damping of each', () => {
    // H = g gᵀ + λ has <g, H⁻¹ v> = <g, v> / (λ + |g|²), with λ = .1 |g|² / d.
    const [row, output] = [[3, 4, 0.1, 0], [1, 1, 2, 9]]; // prettier-ignore
    const sizes = [2, 1000];
    const features = gradientsFeatures([{ rows: [row], outputs: [output] }], sizes);
    const expected = 7 / (25 + (DAMPING * 25) / 2) + 0.2 / (0.01 + (DAMPING * 0.01) / 1000);
    const [[score]] = method.scores(features).byOutput;
    // LiSSA's ten terms are 1 - (1 - |g|² / bound)^11 of it, and the bound is |g|² + λ or a little more.
    expect(score / expected).toBeCloseTo(1, method === LISSA ? 5 : 6);
  });

  it('looks at the last checkpoint alone, and passes over tensors without a gradient', () => {
    const last = { step: 20, rows: [[0, 0, 1, 2], [0, 0, 2, 1]], outputs: [[5, 5, 1, 1]] }; // prettier-ignore
    const first = { step: 10, rows: [[9, 0, 9, 9], [7, 7, 7, 0]], outputs: [[5, 1, 2, 2]] }; // prettier-ignore
    const alone = method.scores(gradientsFeatures([last], [2, 2])).byOutput;
    expect(method.scores(gradientsFeatures([last, first], [2, 2])).byOutput).toEqual(alone);
    expect(alone[0].every(Number.isFinite)).toBe(true);
  });
});

describe('the influence function', () => {
  it('discounts what all rows have in common', () => {
    // Row 1 shares the output's rare direction; rows 0, 2, 3 its common one, which is larger in the output.
    const rows = [[10, 0], [0, 1], [10, 0], [10, 0]]; // prettier-ignore
    const features = gradientsFeatures([{ rows, outputs: [[2, 1]] }], [2]);
    const [[common, rare]] = INFLUENCE.scores(features).byOutput;
    // F = diag(75, .25), λ = .1 · 75.25 / 2
    const damping = (DAMPING * 75.25) / 2;
    expect(common).toBeCloseTo(20 / (75 + damping), 6);
    expect(rare).toBeCloseTo(1 / (0.25 + damping), 6);
  });
});
