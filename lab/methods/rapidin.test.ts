import { describe, expect, it } from 'vitest';
import { Random } from '../../lib/random.ts';
import { sketch, sketchKeys } from '../../services/compute/engine/oracle/gradient-sketch.ts';
import { gradientsFeatures } from './gradient-testing.ts';
import { RAPIDIN } from './rapidin.ts';

/** Gradients of two tensors of 400 numbers: row 5 and the output share a direction, all else is noise. */
function sketches(seedOfRows: number, seedOfOutputs: number): readonly number[] {
  const random = new Random(1);
  const noise = (): Float64Array => Float64Array.from({ length: 400 }, () => random.normal());
  const shared = [noise(), noise()];
  const item = (share: number): readonly Float64Array[] =>
    shared.map((tensor) => noise().map((value, i) => value + share * tensor[i]));
  const compressed = (tensors: readonly Float64Array[], seed: number): number[] =>
    tensors.flatMap((tensor, t) => [...sketch(tensor, 64, sketchKeys(seed, t))]);
  const rows = Array.from({ length: 20 }, (_, i) => compressed(item(i === 5 ? 3 : 0), seedOfRows));
  const outputs = [compressed(item(3), seedOfOutputs)];
  return [...RAPIDIN.scores(gradientsFeatures([{ rows, outputs }], [400, 400])).byOutput[0]];
}

describe('RapidIn', () => {
  it('finds the row that shares the output’s gradient when both are permuted alike', () => {
    const scores = sketches(7, 7);
    expect(scores.indexOf(Math.max(...scores))).toBe(5);
    expect(scores[5]).toBeGreaterThan(0.75);
  });

  it('would find nothing with a permutation drawn anew', () => {
    expect(Math.abs(sketches(7, 8)[5])).toBeLessThan(0.35);
  });

  it('has numbers permuted: those that lie a sketch apart do not fall into one group', () => {
    // Gradients of one column each of a tensor that is as wide as the sketch, as a neuron's may be: unrelated, so their cosine is
    // near 0. Signs alone would put a column into one number, and the cosine of any two would be 1 or -1.
    const [random, width] = [new Random(2), 64];
    const column = (): Float64Array =>
      Float64Array.from({ length: width * width }, (_, i) => (i % width === 3 ? random.normal() : 0));
    const squares = Array.from({ length: 40 }, (_, seed) => {
      const keys = sketchKeys(seed, 0);
      const [rows, outputs] = [column(), column()].map((tensor) => [[...sketch(tensor, width, keys)]]);
      return RAPIDIN.scores(gradientsFeatures([{ rows, outputs }], [width * width])).byOutput[0][0] ** 2;
    });
    // 1/64 in the mean, by the vectors themselves, and as much again by the sketch.
    expect(squares.reduce((sum, square) => sum + square, 0) / squares.length).toBeLessThan(0.1);
  });

  it('is the cosine of tensors brought to unit length', () => {
    const features = gradientsFeatures([{ rows: [[1e6, 0, 0, -3], [4e5, 3e5, 0, 2]], outputs: [[2, 0, 0, 5]] }], [2, 2]); // prettier-ignore
    const [[first, second]] = RAPIDIN.scores(features).byOutput;
    expect(first).toBeCloseTo(0, 12);
    expect(second).toBeCloseTo(1.8 / 2, 6);
  });

  it('is 1 for a row that is the output, where a tensor has no gradient too, and 0 for one of zeros', () => {
    const features = gradientsFeatures([{ rows: [[3, 4, 0, 0], [0, 0, 0, 0]], outputs: [[3, 4, 0, 0]] }], [2, 2]); // prettier-ignore
    const [[same, none]] = RAPIDIN.scores(features).byOutput;
    expect(same).toBeCloseTo(1, 12);
    expect(none).toBe(0);
  });

  it('looks at the last checkpoint', () => {
    const [late, early] = [
      { step: 9, rows: [[1, 0]], outputs: [[1, 0]] },
      { step: 3, rows: [[1, 0]], outputs: [[-1, 0]] },
    ];
    expect(RAPIDIN.scores(gradientsFeatures([late, early], [2])).byOutput[0][0]).toBe(1);
  });
});
