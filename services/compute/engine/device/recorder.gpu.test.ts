import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import * as residual from '../kernels/residual.ts';
import * as rows from '../kernels/rows.ts';
import { Bench, normalFloats } from '../kernels/testing.ts';
import { Recorder } from './recorder.ts';
import type { Tensor } from './tensor.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});
afterAll(() => {
  bench.close();
});

/** A recorder that has measured nothing yet. */
const fresh = () => new Recorder(bench.gpu);

async function readOne(recorder: Recorder, tensor: Tensor): Promise<number[]> {
  const [values = new Float32Array()] = await recorder.readFloats([tensor]);
  return [...values];
}

/** a + 1 + 1 + … (`times`), each sum declared as `work` operations. */
async function addOnes(recorder: Recorder, times: number, work: number): Promise<number[]> {
  const one = bench.floats([1, 1, 1, 1]);
  let [from, to] = [bench.floats([0, 0.5, 1, -1]), bench.empty([4])];
  for (let i = 0; i < times; i++) {
    const operands = [from.buffer, one.buffer, to.buffer];
    recorder.run({ shader: 'add' }, [1], operands, [1], work);
    [from, to] = [to, from];
    await recorder.breathe();
  }
  return readOne(recorder, from);
}

describe('a recorder', () => {
  it('refuses the wrong number of parameters or operands, naming the kernel', () => {
    const recorder = fresh();
    const { buffer } = bench.floats([1, 2, 3, 4]);
    expect(() => {
      recorder.run({ shader: 'add' }, [1, 2], [buffer, buffer, buffer], [1], 1);
    }).toThrow(/add.* takes 1 parameters and 3 operands, got 2 and 3/);
    expect(() => {
      recorder.run({ shader: 'add' }, [1], [buffer, buffer], [1], 1);
    }).toThrow(/takes 1 parameters and 3 operands, got 1 and 2/);
  });

  it('runs kernels in the order recorded, and lets no upload overtake them', async () => {
    const recorder = fresh();
    const [a, b] = [bench.floats([1, 2, 3, 4]), bench.floats([10, 10, 10, 10])];
    const [first, second] = [bench.empty([4]), bench.empty([4])];
    residual.forward(recorder, { a, b, out: first });
    recorder.upload(a, Float32Array.of(5, 6, 7, 8));
    residual.forward(recorder, { a, b: first, out: second });
    expect(await readOne(recorder, first)).toEqual([11, 12, 13, 14]);
    expect(await readOne(recorder, second)).toEqual([16, 18, 20, 22]);
  });

  it('clears and copies between kernels, where they were recorded', async () => {
    const recorder = fresh();
    const [a, b, out] = [bench.floats([1, 2, 3, 4]), bench.floats([1, 1, 1, 1]), bench.empty([4])];
    residual.forward(recorder, { a, b, out });
    recorder.copy(out.buffer, 4, b.buffer, 8, 8);
    recorder.clear(a);
    residual.forward(recorder, { a, b, out });
    expect(await readOne(recorder, out)).toEqual([1, 1, 3, 4]);
  });

  it('reads several tensors at once, empty ones too', async () => {
    const [a, none, b] = [bench.floats([1, 2]), bench.floats([], [0]), bench.floats([3])];
    const read = await fresh().readFloats([a, none, b]);
    expect(read.map((values) => [...values])).toEqual([[1, 2], [], [3]]);
    expect(await fresh().readFloats([none])).toEqual([new Float32Array()]);
  });

  it('reads what tensors held when it was asked, whatever is recorded before that has come', async () => {
    const recorder = fresh();
    const [a, b, out] = [bench.floats([1, 2, 3, 4]), bench.floats([1, 1, 1, 1]), bench.empty([4])];
    residual.forward(recorder, { a, b, out });
    const first = recorder.readFloats([out, a]);
    recorder.upload(a, Float32Array.of(10, 20, 30, 40));
    residual.forward(recorder, { a, b, out });
    const second = recorder.readFloats([out]);
    recorder.clear(out);
    recorder.submit();
    expect((await first).map((values) => [...values])).toEqual([
      [2, 3, 4, 5],
      [1, 2, 3, 4],
    ]);
    expect((await second).map((values) => [...values])).toEqual([[11, 21, 31, 41]]);
  });

  it('makes a bind group once for the same kernel over the same buffers', async () => {
    const recorder = fresh();
    const [a, b] = [bench.floats([1, 2, 3, 4]), bench.floats([1, 1, 1, 1])];
    const [first, second] = [bench.empty([4]), bench.empty([4])];
    const make = vi.spyOn(bench.gpu.device, 'createBindGroup');
    try {
      for (let i = 0; i < 3; i++) {
        residual.forward(recorder, { a, b, out: first });
        residual.forward(recorder, { a: first, b, out: second });
      }
      expect(await readOne(recorder, second)).toEqual([3, 4, 5, 6]);
      expect(make).toHaveBeenCalledTimes(2);
    } finally {
      make.mockRestore();
    }
  });

  it('sends long work in several pieces, with the same result', async () => {
    const submit = vi.spyOn(bench.gpu.device.queue, 'submit');
    try {
      const short = await addOnes(fresh(), 100, 1);
      expect(short).toEqual([100, 100.5, 101, 99]);
      const atOnce = submit.mock.calls.length;
      expect(await addOnes(fresh(), 100, 1e12)).toEqual(short);
      expect(submit.mock.calls.length - atOnce).toBeGreaterThan(2 * atOnce);
    } finally {
      submit.mockRestore();
    }
  });

  it('keeps every kernel its own parameters, beyond what one piece has room for', async () => {
    const recorder = fresh();
    const count = 5000;
    const values = normalFloats(1)(4 * count);
    const source = bench.floats(values, [count, 4]);
    const out = bench.empty([count, 4]);
    const indices = bench.words([7]);
    for (let i = 0; i < count; i++) rows.gather(recorder, { source, indices, out, outRow: i });
    const expected = Array.from({ length: count }, () => [...values.subarray(28, 32)]).flat();
    expect(await readOne(recorder, out)).toEqual(expected);
  });

  it('waits in finish until all is done, and has nothing to wait for when nothing was recorded', async () => {
    const recorder = fresh();
    await recorder.finish();
    const out = bench.empty([4]);
    residual.forward(recorder, { a: bench.floats([1, 2, 3, 4]), b: bench.floats([1, 1, 1, 1]), out });
    await recorder.finish();
    expect(await readOne(fresh(), out)).toEqual([2, 3, 4, 5]);
  });
});
