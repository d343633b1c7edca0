/**
 * The three float formats that weights are stored in, and conversions between them and float32.
 *
 *   F32   1 sign, 8 exponent, 23 fraction bits
 *   F16   1 sign, 5 exponent, 10 fraction bits (IEEE 754 binary16)
 *   BF16  1 sign, 8 exponent,  7 fraction bits (the upper half of an F32)
 *
 * Narrowing rounds to nearest, ties to even, as PyTorch does; what is too large becomes an infinity. Bytes are
 * little-endian, as in safetensors and on every machine that Node runs WebGPU on.
 */
import { ReptraceError } from '../../../../lib/errors.ts';

export type DType = 'F32' | 'F16' | 'BF16';

export const DTYPE_BYTES: Readonly<Record<DType, number>> = { F32: 4, F16: 2, BF16: 2 };

export function isDType(name: string): name is DType {
  return name === 'F32' || name === 'F16' || name === 'BF16';
}

/** Stored bytes to float32 values; always a copy. */
export function decodeFloats(dtype: DType, bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const count = bytes.byteLength / DTYPE_BYTES[dtype];
  const out = new Float32Array(count);
  switch (dtype) {
    case 'F32':
      new Uint8Array(out.buffer).set(bytes);
      return out;
    case 'F16':
      f16ToF32(words16(bytes), out);
      return out;
    case 'BF16':
      bf16ToF32(words16(bytes), out);
      return out;
  }
}

/** Float32 values to stored bytes; always a copy. */
export function encodeFloats(dtype: DType, values: Float32Array): Uint8Array<ArrayBuffer> {
  if (dtype === 'F32') return new Uint8Array(values.slice().buffer);
  const out = new Uint16Array(values.length);
  if (dtype === 'F16') f32ToF16(values, out);
  else f32ToBf16(values, out);
  return new Uint8Array(out.buffer);
}

/** `target` must be at least as long as `source`; so too in the three functions below. */
export function f16ToF32(source: Uint16Array, target: Float32Array): void {
  const table = halfTable();
  for (let i = 0; i < source.length; i++) target[i] = table[source[i]];
}

export function bf16ToF32(source: Uint16Array, target: Float32Array): void {
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < source.length; i++) bits[i] = source[i] << 16;
}

export function f32ToF16(source: Float32Array, target: Uint16Array): void {
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  for (let i = 0; i < bits.length; i++) target[i] = halfBits(bits[i]);
}

export function f32ToBf16(source: Float32Array, target: Uint16Array): void {
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  for (let i = 0; i < bits.length; i++) {
    const word = bits[i];
    const isNaN = (word & 0x7fffffff) > 0x7f800000;
    // A NaN whose payload sits in the lower half must not become an infinity: set the quiet bit instead of rounding.
    target[i] = isNaN ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
}

/**
 * Refuses a NaN or an infinity, naming the tensor. `bytes` may be any run of whole elements of it.
 * A value is finite unless all its exponent bits are set, so one integer comparison per 32-bit word is enough.
 */
export function assertFinite(name: string, dtype: DType, bytes: Uint8Array): void {
  if (allFinite(dtype, bytes)) return;
  throw new ReptraceError(
    'WEIGHTS_NOT_FINITE',
    `Tensor ${JSON.stringify(name)} holds a NaN or an infinity.`,
    'Use a checkpoint whose weights are all finite; this one is damaged, or its training diverged.',
  );
}

function allFinite(dtype: DType, bytes: Uint8Array): boolean {
  const wordBytes = bytes.byteLength & ~3;
  const aligned = (bytes.byteOffset & 3) === 0 ? bytes.subarray(0, wordBytes) : bytes.slice(0, wordBytes);
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, wordBytes / 4);
  if (dtype === 'F32') {
    for (let i = 0; i < words.length; i++) if ((words[i] & 0x7f800000) === 0x7f800000) return false;
    return true;
  }
  const low = dtype === 'F16' ? 0x7c00 : 0x7f80;
  const high = low << 16;
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if ((word & low) === low || (word & high) === high) return false;
  }
  if (wordBytes === bytes.byteLength) return true;
  const last = bytes[wordBytes] | (bytes[wordBytes + 1] << 8);
  return (last & low) !== low;
}

function words16(bytes: Uint8Array): Uint16Array {
  const aligned = (bytes.byteOffset & 1) === 0 ? bytes : bytes.slice();
  return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >>> 1);
}

/** One float32 (as bits) to one binary16 (as bits). */
function halfBits(word: number): number {
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >>> 13) & 0x3ff);
  // From 65520, halfway between the largest half and the next step, everything rounds to infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    // Rebias the exponent (127 to 15), then round off 13 fraction bits; a carry rightly walks into the exponent.
    return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  }
  // 2^-25 is halfway between zero and the smallest subnormal, 2^-24: it, and all below, rounds to (even) zero.
  if (magnitude <= 0x33000000) return sign;
  const fraction = (magnitude & 0x7fffff) | 0x800000;
  const shift = 126 - (magnitude >>> 23);
  const kept = fraction >>> shift;
  const rest = fraction & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0));
}

let halves: Float32Array | undefined;

/** All 65536 halves as float32: 256 KiB, made once, and the fastest way to widen in plain JavaScript. */
function halfTable(): Float32Array {
  if (halves !== undefined) return halves;
  const bits = new Uint32Array(65536);
  for (let half = 0; half < 65536; half++) {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >>> 10) & 31;
    const fraction = half & 0x3ff;
    if (exponent === 31) bits[half] = sign | 0x7f800000 | (fraction << 13);
    else if (exponent > 0) bits[half] = sign | ((exponent + 112) << 23) | (fraction << 13);
    else if (fraction === 0) bits[half] = sign;
    else {
      // A subnormal half is a normal float32: move its leading one to the implicit place.
      const shift = Math.clz32(fraction) - 21;
      bits[half] = sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
    }
  }
  halves = new Float32Array(bits.buffer);
  return halves;
}
