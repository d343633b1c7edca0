import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as activation from './activation.ts';
import { Bench, expectClose, expectMismatch, FORWARD, GRADIENT, normalFloats } from './testing.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});
afterAll(() => {
  bench.close();
});

const kinds = ['silu', 'gelu', 'gelu-tanh'] as const;

async function run(kind: activation.Activation, x: Float32Array, dy: Float32Array, shape = [x.length]) {
  const given = bench.floats(x, shape);
  const [act, dactToDx] = [bench.empty(shape), bench.floats(dy, shape)];
  activation.forward(bench.recorder, { kind, x: given, act });
  activation.backward(bench.recorder, { kind, x: given, dactToDx });
  return { act: await bench.read(act), dx: await bench.read(dactToDx) };
}

/** Every value from `low` to `high` in even steps. */
function spread(low: number, high: number, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
}

/** The largest error of the values themselves, each relative to what it should be. */
function largestRelative(actual: Float32Array, expected: Float64Array): number {
  return expected.reduce((top, value, i) => Math.max(top, Math.abs(actual[i] / value - 1)), 0);
}

describe.each(kinds)('the %s kernels', (kind) => {
  it.each([
    [1, 4],
    [3, 12],
    [7, 172],
    [129, 4],
  ])('agree with the oracle at %i x %i', async (rows, width) => {
    const normal = normalFloats(width);
    const [x, dy] = [normal(rows * width, 3), normal(rows * width)];
    const { act, dx } = await run(kind, x, dy, [rows, width]);
    const { activationForward, activationBackward } = activation.oracle;
    expectClose(`${kind} forward`, act, activationForward({ kind, x }), FORWARD);
    expectClose(`${kind} backward`, dx, activationBackward({ kind, x, dy }), GRADIENT);
  });

  it('saturate without NaN, up to the ends of float32', async () => {
    const x = Float32Array.of(-3.4e38, -1e20, -1e13, -100, -17, 17, 100, 1e13, 1e20, 3.4e38, 0, -0);
    const one = new Float32Array(12).fill(1);
    const { act, dx } = await run(kind, x, one);
    const { activationForward, activationBackward } = activation.oracle;
    const [value, slope] = [activationForward({ kind, x }), activationBackward({ kind, x, dy: one })];
    for (const i of x.keys()) {
      // Of the value itself, unless it is as good as nothing.
      expect(Math.abs(act[i] - value[i])).toBeLessThanOrEqual(1e-6 * Math.abs(value[i]) + 1e-35);
      expect(Math.abs(dx[i] - slope[i])).toBeLessThanOrEqual(1e-6 * Math.abs(slope[i]) + 1e-35);
    }
  });

  it('let NaN through, and no infinity become a finite number', async () => {
    const x = new Float32Array([NaN, Infinity, -Infinity, 1]);
    const words = new Uint32Array(x.buffer);
    const { act, dx } = await run(kind, x, new Float32Array(4).fill(1));
    expect([...act].map(Number.isFinite)).toEqual([false, false, false, true]);
    expect([act[0], dx[0]]).toEqual([NaN, NaN]);
    expect(Number.isFinite(dx[2])).toBe(false);
    words.set([0xffc00000, 0x7f800001, 0xffffffff, 0xff800001]);
    const other = await run(kind, x, new Float32Array(4).fill(1));
    expect([...other.act, ...other.dx].every(Number.isNaN)).toBe(true);
    const finite = await run(kind, new Float32Array(4).fill(2), Float32Array.of(1, NaN, 1, 1));
    expect([...finite.dx].map(Number.isNaN)).toEqual([false, true, false, false]);
  });
});

describe('gelu, held to the error function in float64,', () => {
  const { activationForward, activationBackward } = activation.oracle;

  // The tail is where 1 + erf has nothing left: gelu(-12) is -2e-32. gelu-tanh rounds an exponent there, 25 at -6.
  it.each([
    ['gelu', -12.5, -6, 5e-7],
    ['gelu', -6, 0, 5e-7],
    ['gelu', 0, 20, 2e-7],
    ['gelu', -1e-3, 1e-3, 3e-7],
    ['gelu-tanh', -6, 0, 4e-6],
    ['gelu-tanh', 0, 20, 2e-7],
    ['gelu-tanh', -1e-3, 1e-3, 3e-7],
  ] as const)('%s from %f to %f has every value to %f of itself', async (kind, low, high, tolerance) => {
    const x = spread(low, high, 200_000).filter((value) => value !== 0);
    const even = x.subarray(0, x.length - (x.length % 4));
    const { act } = await run(kind, even, even);
    const error = largestRelative(act, activationForward({ kind, x: even }));
    if (process.env['REPTRACE_SHOW_ERRORS'] !== undefined) console.log(`${error}  ${kind} ${low} … ${high}`);
    expect(error).toBeLessThanOrEqual(tolerance);
  });

  it.each(['gelu', 'gelu-tanh'] as const)('%s has its slope to 3e-7 of 1', async (kind) => {
    const x = spread(-15, 15, 200_000);
    const one = new Float32Array(x.length).fill(1);
    const { dx } = await run(kind, x, one);
    const expected = activationBackward({ kind, x, dy: one });
    const error = expected.reduce((top, value, i) => Math.max(top, Math.abs(dx[i] - value)), 0);
    if (process.env['REPTRACE_SHOW_ERRORS'] !== undefined) console.log(`${error}  ${kind} slope`);
    expect(error).toBeLessThanOrEqual(3e-7);
  });
});

describe('the activation kernels', () => {
  it('reach the end of more elements than one dimension of workgroups takes', async () => {
    const elements = 65_536 * 256 + 4;
    const period = normalFloats(3)(1020, 3);
    const x = new Float32Array(elements);
    for (let i = 0; i < elements; i += period.length) x.set(period.subarray(0, elements - i), i);
    const act = bench.empty([elements]);
    activation.forward(bench.recorder, { kind: 'gelu', x: bench.floats(x), act });
    const actual = await bench.read(act);
    const once = actual.slice(0, period.length);
    expectClose(
      'gelu forward',
      once,
      activation.oracle.activationForward({ kind: 'gelu', x: period }),
      FORWARD,
    );
    expect(actual.findIndex((value, i) => value !== once[i % period.length])).toBe(-1);
  });

  it('name the operand whose shape is wrong', () => {
    const [good, wrong] = [bench.empty([2, 4]), bench.empty([1, 2, 3])];
    for (const operand of ['x', 'act']) {
      expectMismatch(operand, () => {
        activation.forward(bench.recorder, { kind: 'gelu', x: good, act: good, [operand]: wrong });
      });
    }
    for (const operand of ['x', 'dactToDx']) {
      expectMismatch(operand, () => {
        activation.backward(bench.recorder, { kind: 'gelu', x: good, dactToDx: good, [operand]: wrong });
      });
    }
    expectMismatch('x', () => {
      const x = bench.empty([2, 4], 'f16');
      activation.forward(bench.recorder, { kind: 'gelu', x, act: good });
    });
  });
});
