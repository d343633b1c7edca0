/** Bytes that a dispatch reads and writes: each of its operands once, as large as the tensor that is in it. */
import { assembleShader } from '../../services/compute/engine/device/kernel.ts';
import type { Dispatch } from '../profile/capture.ts';
import { operandAccess, type OperandAccess } from './operand-access.ts';

export interface Touched {
  readonly read: number;
  readonly written: number;
}

type Bound = Pick<Dispatch, 'spec' | 'operands' | 'operandBytes'>;

/** @param names of the kernel's storage operands, in the order of `operands` */
export function touchedBy({ spec, operands, operandBytes }: Bound, names: readonly string[]): Touched {
  const code = assembleShader(spec);
  const accesses = new Map<GPUBuffer, OperandAccess & { readonly bytes: number }>();
  names.forEach((name, i) => {
    const own = operandAccess(code, spec.constants ?? {}, name);
    // What a variant does not use is bound to a buffer that it has for something else.
    const before = accesses.get(operands[i]);
    accesses.set(operands[i], {
      reads: own.reads || before?.reads === true,
      writes: own.writes || before?.writes === true,
      bytes: operandBytes[i],
    });
  });
  const unknown = names.find((_, i) => isUnused(accesses.get(operands[i])));
  if (unknown !== undefined) {
    throw new Error(
      `the shader ${spec.shader} seems not to use its operand ${unknown}: its bytes are not known`,
    );
  }
  const sum = (isMeant: (access: OperandAccess) => boolean): number =>
    [...accesses.values()].filter(isMeant).reduce((total, { bytes }) => total + bytes, 0);
  return { read: sum(({ reads }) => reads), written: sum(({ writes }) => writes) };
}

function isUnused(access: OperandAccess | undefined): boolean {
  return access !== undefined && !access.reads && !access.writes;
}
