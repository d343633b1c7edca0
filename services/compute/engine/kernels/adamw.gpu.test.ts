import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AdamwResult } from '../oracle/adamw.ts';
import * as adamw from './adamw.ts';
import { Bench, expectClose, expectMismatch, normalFloats } from './testing.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});
afterAll(() => {
  bench.close();
});

describe('the AdamW kernel', () => {
  it.each([
    { count: 4, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0 },
    { count: 515, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, decay: 0.1 },
    { count: 80, beta1: 0, beta2: 0.9999, epsilon: 1e-3, decay: 0.5 },
  ])('follows the oracle through several steps, $count elements, beta2 $beta2', async (given) => {
    const { count, beta1, beta2, epsilon, decay } = given;
    const normal = normalFloats(count);
    const start = normal(count);
    const zeros = new Float32Array(count);
    const state = {
      ...{ parameter: bench.floats(start), first: bench.floats(zeros), second: bench.floats(zeros) },
      settings: { beta1, beta2, epsilon },
    };
    let expected: AdamwResult = {
      ...{ parameter: Float64Array.from(start), m: new Float64Array(zeros), v: new Float64Array(zeros) },
    };
    for (let step = 1; step <= 6; step++) {
      const gradient = normal(count, 10 ** (step - 4));
      const rate = 0.01 * step;
      const factor = step % 2 === 0 ? 0.25 : 1;
      const clip = bench.floats([1, factor]);
      adamw.step(bench.recorder, { ...state, gradient: bench.floats(gradient), clip, rate, decay, step });
      expected = adamw.oracle.adamwStep({
        ...{ ...expected, gradient, step, beta1, beta2, eps: epsilon, lr: rate },
        ...{ weightDecay: decay, gradScale: factor },
      });
      expectClose('adamw parameter', await bench.read(state.parameter), expected.parameter, 1e-6);
      expectClose('adamw first', await bench.read(state.first), expected.m, 1e-6);
      expectClose('adamw second', await bench.read(state.second), expected.v, 1e-6);
      const moved = (values: ArrayLike<number>) => Float64Array.from(start, (x, i) => values[i] - x);
      const error = [moved(await bench.read(state.parameter)), moved(expected.parameter)] as const;
      // Against the distance moved, which the size of the parameter would hide.
      expectClose('adamw distance moved', ...error, 2e-5);
    }
  });

  it('moves nothing by a gradient of zero, and shrinks by the decay alone', async () => {
    const parameter = bench.floats([1, -2, 3, 0]);
    const zeros = () => bench.floats(new Float32Array(4));
    adamw.step(bench.recorder, {
      ...{ parameter, gradient: zeros(), first: zeros(), second: zeros(), clip: bench.floats([0, 1]) },
      ...{ settings: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, rate: 0.5, decay: 0.5, step: 1 },
    });
    expect([...(await bench.read(parameter))]).toEqual([0.75, -1.5, 2.25, 0]);
  });

  it('lets a NaN of the gradient through', async () => {
    const parameter = bench.floats([1, 1, 1, 1]);
    const zeros = () => bench.floats(new Float32Array(4));
    adamw.step(bench.recorder, {
      ...{ parameter, gradient: bench.floats([0, NaN, 0, 0]), first: zeros(), second: zeros() },
      ...{ clip: bench.floats([1, 1]), settings: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } },
      ...{ rate: 0.1, decay: 0, step: 1 },
    });
    expect([...(await bench.read(parameter))].map(Number.isNaN)).toEqual([false, true, false, false]);
  });

  it('names the operand whose shape is wrong', () => {
    const vector = bench.empty([8]);
    const good = {
      ...{ parameter: vector, gradient: vector, first: vector, second: vector, clip: bench.empty([2]) },
      ...{ settings: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, rate: 0.1, decay: 0, step: 1 },
    };
    for (const operand of ['gradient', 'first', 'second', 'clip']) {
      expectMismatch(operand, () => {
        adamw.step(bench.recorder, { ...good, [operand]: bench.empty([1, 2, 3]) });
      });
    }
    expectMismatch('parameter', () => {
      adamw.step(bench.recorder, { ...good, parameter: bench.empty([8], 'bf16') });
    });
  });
});
