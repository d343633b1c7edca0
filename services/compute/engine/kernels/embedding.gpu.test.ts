import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FloatDtype } from '../device/tensor.ts';
import * as embedding from './embedding.ts';
import { asStored, Bench, expectClose, expectMismatch, GRADIENT, normalFloats } from './testing.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});
afterAll(() => {
  bench.close();
});

const width = 12;

/** A table of 11 rows, in parts. */
function tableOf(dtype: FloatDtype, parts: readonly number[]) {
  const values = asStored(dtype, normalFloats(1)(11 * width));
  let first = 0;
  const table = parts.map((rows) => {
    const part = values.subarray(first * width, (first + rows) * width);
    first += rows;
    // Each part begins at a row of its own buffer.
    return bench.matrix(part, rows, width, dtype, first);
  });
  return { values, table };
}

async function look(table: ReturnType<typeof tableOf>['table'], ids: readonly number[]) {
  const out = bench.empty([ids.length, width]);
  embedding.forward(bench.recorder, { ids: bench.words(ids), table, out });
  return bench.read(out);
}

describe('the embedding kernel', () => {
  it.each(['f32', 'f16', 'bf16'] as const)('copies rows exactly from %s tables', async (dtype) => {
    const ids = [10, 0, 4, 5, 4, 9, 8];
    for (const parts of [[11], [5, 4, 2], [1, 10]]) {
      const { values, table } = tableOf(dtype, parts);
      const expected = embedding.oracle.embeddingForward({ ids, table: values, vocabSize: 11, width });
      expectClose(`embedding.forward ${dtype}`, await look(table, ids), expected, 0);
    }
  });

  it('looks up one token', async () => {
    const { values, table } = tableOf('f32', [11]);
    expect(await look(table, [3])).toEqual(values.subarray(3 * width, 4 * width));
  });

  it('scales rows, as Gemma does', async () => {
    const ids = [3, 10, 3];
    const { values, table } = tableOf('f32', [5, 6]);
    const scale = Math.sqrt(width);
    const out = bench.empty([3, width]);
    embedding.forward(bench.recorder, { ids: bench.words(ids), table, out, scale });
    const expected = embedding.oracle.embeddingForward({ ids, table: values, vocabSize: 11, width, scale });
    expectClose('embedding.forward scaled', await bench.read(out), expected, 1e-7);
  });

  it('lets a NaN of the table through, to its own rows alone', async () => {
    const { values } = tableOf('f32', [11]);
    values[2 * width + 5] = NaN;
    const out = await look([bench.matrix(values, 11, width)], [1, 2, 1]);
    expect([...out].flatMap((value, i) => (Number.isNaN(value) ? [i] : []))).toEqual([width + 5]);
  });

  it('adds the gradients of repeated ids onto what the table gradient holds', async () => {
    const normal = normalFloats(2);
    for (const ids of [[7, 0, 7, 10, 0, 7, 3], [4], Array.from({ length: 300 }, (_, n) => (n * n) % 11)]) {
      const dOut = normal(ids.length * width);
      const before = normal(11 * width);
      const groups = embedding.groupById(Uint32Array.from(ids));
      const dtable = bench.floats(before, [11, width]);
      embedding.weightGrad(bench.recorder, {
        groupIds: bench.words(groups.ids),
        groupStarts: bench.words(groups.starts),
        order: bench.words(groups.order),
        dout: bench.floats(dOut, [ids.length, width]),
        dtable,
      });
      const added = embedding.oracle.embeddingBackward({ ids, dOut, vocabSize: 11, width });
      const expected = added.map((value, i) => value + before[i]);
      expectClose('embedding.weightGrad', await bench.read(dtable), expected, GRADIENT);
    }
  });

  it('groups rows by id, in the order of rows', () => {
    const { ids, starts, order } = embedding.groupById(Uint32Array.of(7, 0, 7, 3, 0));
    expect([[...ids], [...starts], [...order]]).toEqual([
      [0, 3, 7],
      [0, 2, 3, 5],
      [1, 4, 3, 0, 2],
    ]);
  });

  it('names the operand whose shape is wrong', () => {
    const wrong = bench.empty([1, 3, 2]);
    const { table } = tableOf('f32', [11]);
    const good = { ids: bench.words([1, 2]), table, out: bench.empty([2, width]) };
    for (const operand of ['ids', 'out']) {
      expectMismatch(operand, () => {
        embedding.forward(bench.recorder, { ...good, [operand]: wrong });
      });
    }
    expectMismatch('table', () => {
      embedding.forward(bench.recorder, { ...good, table: [bench.matrix([1, 2, 3, 4], 1, 4)] });
    });
    expectMismatch('out', () => {
      embedding.forward(bench.recorder, { ...good, out: bench.empty([2, 6]) });
    });
    const gradient = {
      ...{ groupIds: bench.words([0]), groupStarts: bench.words([0, 1]), order: bench.words([0]) },
      ...{ dout: bench.empty([1, width]), dtable: bench.empty([11, width]) },
    };
    for (const operand of Object.keys(gradient)) {
      expectMismatch(operand, () => {
        embedding.weightGrad(bench.recorder, { ...gradient, [operand]: wrong });
      });
    }
  });
});
