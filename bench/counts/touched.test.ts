import { expect, it } from 'vitest';
import { touchedBy } from './touched.ts';

/** A buffer is told from another by being another object; nothing else of it is looked at. */
const buffer = (): GPUBuffer => ({}) as GPUBuffer;
const NAMES = ['a', 'weights', 'bias', 'residual', 'out'];

function product(constants: object, operands: readonly GPUBuffer[], operandBytes: readonly number[]) {
  const spec = {
    shader: 'matmul_outer',
    constants: { ACCUMULATE: false, HAS_BIAS: false, HAS_RESIDUAL: false, ...constants },
    weights: 'f32' as const,
  };
  return touchedBy({ spec, operands, operandBytes }, NAMES);
}

it('counts each operand once, what stands in for an unused one not again', () => {
  const [a, w, out] = [buffer(), buffer(), buffer()];
  expect(product({}, [a, w, a, a, out], [10, 200, 10, 10, 3000])).toEqual({ read: 210, written: 3000 });
});

it('counts what is added to as read and written', () => {
  const [a, w, out] = [buffer(), buffer(), buffer()];
  const bytes = [10, 200, 10, 10, 3000];
  expect(product({ ACCUMULATE: true }, [a, w, a, a, out], bytes)).toEqual({ read: 3210, written: 3000 });
});

it('refuses an operand of its own that nothing seems to use, rather than leave its bytes out', () => {
  const operands = [buffer(), buffer(), buffer(), buffer(), buffer()];
  expect(() => product({}, operands, [1, 1, 1, 1, 1])).toThrow('operand bias');
});
