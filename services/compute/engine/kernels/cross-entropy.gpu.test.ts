import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as crossEntropy from './cross-entropy.ts';
import { Bench, expectClose, expectMismatch, FORWARD, GRADIENT, normalFloats } from './testing.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});
afterAll(() => {
  bench.close();
});

interface Case {
  readonly logits: Float32Array;
  readonly targets: readonly number[];
  readonly scale: Float32Array;
  readonly rows: number;
  readonly vocabSize: number;
  readonly cap?: number;
}

/** The columns of a chunk, in rows padded to a vec4 (and one more) with NaN. */
function chunkOf({ logits, rows, vocabSize }: Case, firstId: number, columns: number): crossEntropy.Chunk {
  const stride = Math.ceil(columns / 4) * 4 + 4;
  const values = new Float32Array(rows * stride).fill(NaN);
  for (let r = 0; r < rows; r++) {
    const from = r * vocabSize + firstId;
    values.set(logits.subarray(from, from + columns), r * stride);
  }
  return { logits: bench.floats(values, [rows, stride]), columns, firstId };
}

/** Losses, gradient and the gradient's padding, with the vocabulary in chunks of the given sizes. */
async function run(given: Case, sizes: readonly number[]) {
  const { rows, vocabSize, cap } = given;
  let firstId = 0;
  const chunks = sizes.map((columns) => {
    firstId += columns;
    return chunkOf(given, firstId - columns, columns);
  });
  const targets = bench.words(given.targets);
  const stats = bench.floats(crossEntropy.emptyStats(rows), [rows, 4]);
  for (const chunk of chunks) crossEntropy.forward(bench.recorder, { chunk, targets, stats, cap });
  const nll = crossEntropy.nllFromStats(await bench.read(stats));
  const dLogits = new Float32Array(rows * vocabSize);
  const padding: number[] = [];
  for (const chunk of chunks) {
    crossEntropy.backward(bench.recorder, { chunk, targets, stats, scale: bench.floats(given.scale), cap });
    const stride = chunk.logits.shape[1] ?? 0;
    const values = await bench.read(chunk.logits);
    for (let r = 0; r < rows; r++) {
      const row = values.subarray(r * stride, (r + 1) * stride);
      dLogits.set(row.subarray(0, chunk.columns), r * vocabSize + chunk.firstId);
      padding.push(...row.subarray(chunk.columns));
    }
  }
  return { nll, dLogits, padding };
}

function randomCase(rows: number, vocabSize: number, scale = 3): Case {
  const normal = normalFloats(rows + vocabSize);
  // Targets run through the whole vocabulary, its first and last id among them.
  const targets = Array.from({ length: rows }, (_, r) => (r * (vocabSize - 1)) % vocabSize);
  return { logits: normal(rows * vocabSize, scale), targets, scale: normal(rows), rows, vocabSize };
}

describe('the cross-entropy kernels', () => {
  it.each([
    { rows: 1, vocabSize: 4, chunks: [4] },
    { rows: 1, vocabSize: 1, chunks: [1] },
    { rows: 3, vocabSize: 37, chunks: [16, 16, 5] },
    { rows: 40, vocabSize: 513, chunks: [200, 1, 3, 309] },
  ])('agree with the oracle, in one chunk and in several: $rows x $vocabSize', async (sizes) => {
    const given = randomCase(sizes.rows, sizes.vocabSize);
    const nll = crossEntropy.oracle.crossEntropyForward(given);
    const dLogits = crossEntropy.oracle.crossEntropyBackward(given);
    for (const chunks of [[sizes.vocabSize], sizes.chunks]) {
      const result = await run(given, chunks);
      expectClose('crossEntropy nll', result.nll, nll, FORWARD);
      expectClose('crossEntropy dlogits', result.dLogits, dLogits, GRADIENT);
      expect(result.padding.every((value) => value === 0)).toBe(true);
    }
  });

  it('stay exact for logits of 100 in magnitude, whichever chunk comes first', async () => {
    const logits = Float32Array.of(-100, 100, 0, -100, 99, -100, -100, 98, 100, -100, -100, -100, -100, 0, 3);
    const given = { logits, targets: [1, 2, 0], scale: Float32Array.of(1, 0.5, -2), rows: 3, vocabSize: 5 };
    for (const chunks of [[5], [1, 4], [4, 1], [2, 2, 1]]) {
      const { nll, dLogits } = await run(given, chunks);
      expectClose('crossEntropy nll', nll, crossEntropy.oracle.crossEntropyForward(given), FORWARD);
      const expected = crossEntropy.oracle.crossEntropyBackward(given);
      expectClose('crossEntropy dlogits', dLogits, expected, GRADIENT);
    }
  });

  it.each([
    { cap: 30, spread: 3 },
    { cap: 30, spread: 60 },
    { cap: 2, spread: 3 },
    { cap: 0.1, spread: 0.3 },
  ])('agree with the oracle where logits of $spread are capped at $cap', async ({ cap, spread }) => {
    const given = { ...randomCase(40, 513, spread), cap };
    const nll = crossEntropy.oracle.crossEntropyForward(given);
    const dLogits = crossEntropy.oracle.crossEntropyBackward(given);
    for (const chunks of [[513], [200, 1, 3, 309]]) {
      const result = await run(given, chunks);
      expectClose('capped crossEntropy nll', result.nll, nll, FORWARD);
      expectClose('capped crossEntropy dlogits', result.dLogits, dLogits, GRADIENT);
      expect(result.padding.every((value) => value === 0)).toBe(true);
    }
  });

  it('bound an infinite logit by the cap, and let a NaN through it', async () => {
    const given = { ...randomCase(2, 8), cap: 4 };
    given.logits[3] = Infinity;
    given.logits[8 + 5] = NaN;
    const { nll, dLogits } = await run(given, [4, 4]);
    const [expected] = crossEntropy.oracle.crossEntropyForward(given);
    expect(nll[0]).toBeCloseTo(expected, 5);
    expect(dLogits[3]).toBe(0);
    expect(dLogits.subarray(0, 8).some(Number.isNaN)).toBe(false);
    expect(nll[1]).toBeNaN();
    expect(dLogits.subarray(8).every(Number.isNaN)).toBe(true);
  });

  it('give a row of scale 0 no gradient', async () => {
    const given = { ...randomCase(2, 9), scale: Float32Array.of(0, 1) };
    const { dLogits } = await run(given, [9]);
    expect(dLogits.subarray(0, 9).every((value) => value === 0)).toBe(true);
    expect(dLogits.subarray(9).some((value) => value === 0)).toBe(false);
  });

  it.each([[[37]], [[20, 17]], [[4, 33]]])(
    'let a NaN through to loss and gradient, chunks %j',
    async (chunks) => {
      const given = randomCase(3, 37);
      given.logits[37 + 30] = NaN;
      const { nll, dLogits } = await run(given, chunks);
      expect([...nll].map(Number.isNaN)).toEqual([false, true, false]);
      expect(dLogits.subarray(37, 74).every(Number.isNaN)).toBe(true);
      expect(dLogits.subarray(0, 37).some(Number.isNaN)).toBe(false);
    },
  );

  it('let an infinite logit through as NaN', async () => {
    const { nll } = await run({ ...randomCase(1, 8), logits: new Float32Array(8).fill(Infinity) }, [4, 4]);
    expect(nll[0]).toBeNaN();
  });

  it('name the operand whose shape is wrong', () => {
    const wrong = bench.empty([1, 2, 3]);
    const chunk = { logits: bench.empty([2, 12]), columns: 9, firstId: 0 };
    const good = { chunk, targets: bench.words([0, 1]), stats: bench.empty([2, 4]), scale: bench.empty([2]) };
    for (const operand of ['targets', 'stats', 'scale']) {
      expectMismatch(operand, () => {
        crossEntropy.backward(bench.recorder, { ...good, [operand]: wrong });
      });
      if (operand === 'scale') continue;
      expectMismatch(operand, () => {
        crossEntropy.forward(bench.recorder, { ...good, [operand]: wrong });
      });
    }
    for (const cap of [0, -1, NaN, Infinity, 1e-60]) {
      expect(() => {
        crossEntropy.forward(bench.recorder, { ...good, cap });
      }).toThrow('soft cap of logits');
    }
    for (const bad of [{ columns: 13 }, { logits: wrong }, { logits: bench.empty([2, 10]) }]) {
      expectMismatch('logits', () => {
        crossEntropy.forward(bench.recorder, { ...good, chunk: { ...chunk, ...bad } });
      });
      expectMismatch('logits', () => {
        crossEntropy.backward(bench.recorder, { ...good, chunk: { ...chunk, ...bad } });
      });
    }
  });
});
