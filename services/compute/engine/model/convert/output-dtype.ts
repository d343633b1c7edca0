/** What precision a written model has, and how a tensor comes to it. */
import { ReptraceError } from '../../../../../lib/errors.ts';
import { assertFinite, decodeFloats, encodeFloats, type DType } from '../dtype.ts';
import type { GgufDType } from '../gguf/gguf-types.ts';
import { quoteName } from '../safetensors.ts';

/** Largest finite value, for messages. */
const LARGEST: Readonly<Record<DType, number>> = {
  F32: 3.4028234663852886e38,
  F16: 65504,
  BF16: 3.3895313892515355e38,
};
const NAMES: Readonly<Record<DType, string>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

/** The name that config.json has for it. */
export function torchName(dtype: DType): string {
  return NAMES[dtype];
}

/** The one precision that holds every tensor exactly as it is: the one that all have, else float32. */
export function exactDType(dtypes: Iterable<GgufDType>): DType {
  const different = new Set(dtypes);
  if (different.size > 1) return 'F32';
  return different.has('F16') ? 'F16' : different.has('BF16') ? 'BF16' : 'F32';
}

/**
 * A whole tensor's bytes in another precision: widened exactly, or rounded to nearest, ties to even. Where nothing changes,
 * the given bytes. Throws WEIGHTS_NOT_FINITE, naming the tensor and the value that is beyond the range.
 */
export function toDType(name: string, from: DType, bytes: Uint8Array<ArrayBuffer>, to: DType): Uint8Array {
  assertFinite(name, from, bytes);
  if (from === to) return bytes;
  const values = floatsOf(from, bytes);
  if (to === 'F32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const narrowed = encodeFloats(to, values);
  try {
    assertFinite(name, to, narrowed);
  } catch (error) {
    const beyond = values.find(
      (value) => !Number.isFinite(decodeFloats(to, encodeFloats(to, Float32Array.of(value)))[0]),
    );
    throw new ReptraceError(
      'WEIGHTS_NOT_FINITE',
      `Tensor ${quoteName(name)} holds ${String(beyond)}, which ${NAMES[to]} cannot hold (up to ${LARGEST[to]}).`,
      to === 'F16' ? 'Write the model as bf16 or f32.' : 'Write the model as f32.',
      { cause: error },
    );
  }
  return narrowed;
}

/** Float32 bytes are looked at, not copied. */
function floatsOf(from: DType, bytes: Uint8Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  if (from !== 'F32' || bytes.byteOffset % 4 !== 0) return decodeFloats(from, bytes);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}
