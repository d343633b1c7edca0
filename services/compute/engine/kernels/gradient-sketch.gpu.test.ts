import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as gradientSketch from './gradient-sketch.ts';
import { Bench, expectClose, expectMismatch, GRADIENT, normalFloats } from './testing.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});
afterAll(() => {
  bench.close();
});

const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8 };

interface Values {
  readonly gradient: Float32Array;
  readonly first: Float32Array;
  readonly second: Float32Array;
}

function values(seed: number, size: number): Values {
  const normal = normalFloats(seed);
  return {
    gradient: normal(size, 1e-3),
    first: normal(size, 1e-4),
    second: normal(size, 1e-3).map((value) => value ** 2),
  };
}

interface Given {
  readonly width: number;
  readonly seed?: number;
  readonly rows?: number;
  readonly row?: number;
  readonly step?: number;
}

async function run(all: readonly Values[], { width, seed = 5, rows = 1, row = 0, step = 3 }: Given) {
  const tensors = all.map(({ gradient, first, second }) => ({
    ...{ gradient: bench.floats(gradient), first: bench.floats(first), second: bench.floats(second) },
  }));
  const starts = gradientSketch.pieceStarts(
    tensors.map(({ gradient }) => gradient.shape),
    width,
  );
  const plain = bench.empty([rows, all.length, width]);
  const corrected = bench.empty([rows, all.length, width]);
  gradientSketch.forward(bench.recorder, {
    ...{ tensors, width, seed, settings, step, plain, corrected, row },
    starts: bench.words(starts),
    partial: bench.empty([starts.at(-1) ?? 0, width, 2]),
  });
  return { plain: await bench.read(plain), corrected: await bench.read(corrected) };
}

function expected(all: readonly Values[], width: number, seed: number, step: number) {
  const { adamDirection, sketch, sketchKeys } = gradientSketch.oracle;
  const keys = (t: number) => sketchKeys(seed, t);
  return {
    plain: all.flatMap(({ gradient }, t) => [...sketch(gradient, width, keys(t))]),
    corrected: all.flatMap((moments, t) => [
      ...sketch(adamDirection({ ...moments, ...settings, step }), width, keys(t)),
    ]),
  };
}

describe('the gradient sketch kernels', () => {
  it.each([
    { name: 'a tensor that fits, and one that just does', sizes: [5, 8], width: 8, seed: 1, step: 1 },
    { name: 'one number more than fits, and an odd count', sizes: [9, 1001], width: 8, seed: -3, step: 2 },
    { name: 'pieces of 64 runs: at, below, beyond', sizes: [4096, 4095, 9000], width: 64, seed: 7, step: 40 },
    { name: 'more buckets than lanes', sizes: [70_000, 100], width: 132, seed: 2 ** 31, step: 1000 },
  ])('agree with the oracle: $name', async ({ sizes, width, seed, step }) => {
    const all = sizes.map((size, i) => values(size + i, size));
    const actual = await run(all, { width, seed, step });
    const wanted = expected(all, width, seed, step);
    expectClose('sketch', actual.plain, wanted.plain, GRADIENT);
    expectClose('sketch of Adam', actual.corrected, wanted.corrected, GRADIENT);
  });

  it('sketch a large tensor in more pieces than one dimension of a grid has', async () => {
    // Zeros but for a few numbers, the last among them: 32,769 pieces of 64 runs of 4.
    const size = 32_769 * 64 * 4;
    const [gradient, first, second] = [0, 1, 2].map(() => new Float32Array(size));
    for (let i = size - 1; i > 0; i -= 1_000_003) gradient[i] = 1 + i / size;
    const all = [{ gradient, first, second }];
    const actual = await run(all, { width: 4 });
    const wanted = gradientSketch.oracle.sketch(gradient, 4, gradientSketch.oracle.sketchKeys(5, 0));
    expectClose('large sketch', actual.plain, wanted, GRADIENT);
  });

  it('write one row and leave the others alone', async () => {
    const all = [values(1, 40), values(2, 6)];
    const { plain, corrected } = await run(all, { width: 8, rows: 3, row: 1 });
    const wanted = expected(all, 8, 5, 3);
    for (const [actual, row] of [
      [plain, wanted.plain],
      [corrected, wanted.corrected],
    ] as const) {
      expectClose('row of sketches', actual.subarray(16, 32), row, GRADIENT);
      expect(actual.subarray(0, 16).every(Number.isNaN)).toBe(true);
      expect(actual.subarray(32).every(Number.isNaN)).toBe(true);
    }
  });

  it('let a NaN through to the bucket of its number', async () => {
    const one = values(3, 100);
    one.gradient[57] = NaN;
    const { plain } = await run([one], { width: 8 });
    expect([...plain].filter(Number.isNaN)).toHaveLength(1);
  });

  it('name the operand that is wrong', () => {
    const tensor = { gradient: bench.empty([20]), first: bench.empty([20]), second: bench.empty([20]) };
    const good = {
      ...{ tensors: [tensor], width: 8, seed: 1, settings, step: 1, row: 0 },
      ...{ starts: bench.words([0, 1]), partial: bench.empty([1, 8, 2]) },
      ...{ plain: bench.empty([2, 1, 8]), corrected: bench.empty([2, 1, 8]) },
    };
    for (const operand of ['starts', 'partial', 'plain', 'corrected']) {
      expectMismatch(operand, () => {
        gradientSketch.forward(bench.recorder, { ...good, [operand]: bench.empty([1, 2, 3, 4]) });
      });
    }
    for (const operand of ['gradient', 'first', 'second']) {
      const wrong = { ...tensor, [operand]: bench.empty([20], 'f16') };
      expectMismatch(operand, () => {
        gradientSketch.forward(bench.recorder, { ...good, tensors: [wrong] });
      });
    }
    expectMismatch('width', () => {
      gradientSketch.forward(bench.recorder, { ...good, width: 6 });
    });
    expect(() => {
      gradientSketch.forward(bench.recorder, { ...good, row: 2 });
    }).toThrow(/row is 2, of 2/);
  });
});
