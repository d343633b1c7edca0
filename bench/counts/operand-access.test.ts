import { describe, expect, it } from 'vitest';
import { assembleShader, type KernelSpec } from '../../services/compute/engine/device/kernel.ts';
import { operandAccess } from './operand-access.ts';

const IN_PLACE = { reads: true, writes: true };
const WRITTEN = { reads: false, writes: true };
const READ = { reads: true, writes: false };
const UNUSED = { reads: false, writes: false };

function accessOf(spec: KernelSpec, operand: string): object {
  return operandAccess(assembleShader(spec), spec.constants ?? {}, operand);
}

describe('of the engine’s shaders', () => {
  const linear = (constants: object): KernelSpec => ({
    shader: 'matmul_outer',
    constants: { ACCUMULATE: false, HAS_BIAS: false, HAS_RESIDUAL: false, ...constants },
    weights: 'bf16',
  });

  it('a product reads what it adds to only where it adds', () => {
    expect(accessOf(linear({}), 'out')).toEqual(WRITTEN);
    expect(accessOf(linear({ ACCUMULATE: true }), 'out')).toEqual(IN_PLACE);
  });

  it('a product does not use a residual that it was not told of', () => {
    expect(accessOf(linear({}), 'residual')).toEqual(UNUSED);
    expect(accessOf(linear({ HAS_RESIDUAL: true }), 'residual')).toEqual(READ);
    expect(accessOf(linear({}), 'a')).toEqual(READ);
  });

  it('stored weights are read', () => {
    expect(accessOf(linear({}), 'weights')).toEqual(READ);
    expect(accessOf({ shader: 'transpose', weights: 'f16' }, 'weights')).toEqual(READ);
  });

  it('the rotary embedding works in place', () => {
    const spec = { shader: 'rotary', constants: { HEAD_LANES: 1 } };
    for (const operand of ['q', 'k']) expect(accessOf(spec, operand)).toEqual(IN_PLACE);
    expect(accessOf(spec, 'table')).toEqual(READ);
  });

  it('the gate’s gradient is only written, that of the product is changed in place', () => {
    const spec = { shader: 'gated_backward', constants: { ACTIVATION: 0 } };
    expect(accessOf(spec, 'dgate')).toEqual(WRITTEN);
    expect(accessOf(spec, 'dact_to_dup')).toEqual(IN_PLACE);
  });
});

it('is not misled by names within names, fields, comparisons or comments', () => {
  const code = `var<storage, read_write> out: array<f32>; // out[0] is the first
    fn main() { sums.out[1] += 1.0; let outer = about[out2[0]]; if (a[b[0]] == 2u) { out[c[1]].x = 3.0; } }`;
  expect(operandAccess(code, {}, 'out')).toEqual(WRITTEN);
  expect(operandAccess(code, {}, 'a')).toEqual(READ);
  expect(operandAccess(code, {}, 'b')).toEqual(READ);
  expect(operandAccess('x[0] += 1;', {}, 'x')).toEqual(IN_PLACE);
});
