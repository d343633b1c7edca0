/**
 * Quantised blocks to float32: Q4_0, Q4_1, Q5_0, Q5_1 and Q8_0, 32 values each. A block begins with its scale d (and
 * offset m), each a binary16; q is unsigned.
 *
 *   Q4_0  d·(q - 8)     Q4_1  d·q + m     Q5_0  d·(q - 16)     Q5_1  d·q + m     Q8_0  d·q, q signed
 *
 * As `dequantize_row_*` in ggml-quants.c (ggml, MIT) has them. Every product here is exact in float32, and every value
 * is rounded at most once, so the result is ggml's to the last bit. Q4_K and the like are in k-quants.ts.
 */
import { bf16ToF32, f16ToF32 } from '../dtype.ts';
import { BLOCKS, valuesIn, type GgufDType, type QuantType } from './gguf-types.ts';
import { q4K, q5K, q6K, type BlockReader } from './k-quants.ts';

const READERS: Readonly<Record<QuantType, BlockReader>> = {
  Q4_0: (bytes, at, half, out, to) => {
    const d = half(at);
    for (let j = 0; j < 16; j++) {
      const pair = bytes[at + 2 + j];
      out[to + j] = d * ((pair & 15) - 8);
      out[to + j + 16] = d * ((pair >>> 4) - 8);
    }
  },
  Q4_1: (bytes, at, half, out, to) => {
    const d = half(at);
    const m = half(at + 2);
    for (let j = 0; j < 16; j++) {
      const pair = bytes[at + 4 + j];
      out[to + j] = d * (pair & 15) + m;
      out[to + j + 16] = d * (pair >>> 4) + m;
    }
  },
  Q5_0: (bytes, at, half, out, to) => {
    const d = half(at);
    for (let j = 0; j < 16; j++) {
      const pair = bytes[at + 6 + j];
      out[to + j] = d * (((pair & 15) | (fifthBit(bytes, at + 2, j) << 4)) - 16);
      out[to + j + 16] = d * (((pair >>> 4) | (fifthBit(bytes, at + 2, j + 16) << 4)) - 16);
    }
  },
  Q5_1: (bytes, at, half, out, to) => {
    const d = half(at);
    const m = half(at + 2);
    for (let j = 0; j < 16; j++) {
      const pair = bytes[at + 8 + j];
      out[to + j] = d * ((pair & 15) | (fifthBit(bytes, at + 4, j) << 4)) + m;
      out[to + j + 16] = d * ((pair >>> 4) | (fifthBit(bytes, at + 4, j + 16) << 4)) + m;
    }
  },
  Q8_0: (bytes, at, half, out, to) => {
    const d = half(at);
    for (let j = 0; j < 32; j++) out[to + j] = d * ((bytes[at + 2 + j] << 24) >> 24);
  },
  Q4_K: q4K,
  Q5_K: q5K,
  Q6_K: q6K,
};

/** Bit `index` of the 32 that begin at byte `at`. */
function fifthBit(bytes: Uint8Array, at: number, index: number): number {
  return (bytes[at + (index >>> 3)] >>> (index & 7)) & 1;
}

/**
 * Whole blocks to float32.
 * @param out as many values as the blocks have
 */
export function dequantize(dtype: GgufDType, bytes: Uint8Array, out: Float32Array<ArrayBuffer>): void {
  const block = BLOCKS[dtype];
  const blocks = bytes.byteLength / block.bytes;
  if (out.length !== blocks * block.values)
    throw new Error(`${blocks} blocks of ${dtype} are not ${out.length} values`);
  if (dtype === 'F32') new Uint8Array(out.buffer, out.byteOffset, out.byteLength).set(bytes);
  else if (dtype === 'F16') f16ToF32(words(bytes), out);
  else if (dtype === 'BF16') bf16ToF32(words(bytes), out);
  else {
    const read = READERS[dtype];
    const half = halfReader(bytes);
    for (let i = 0; i < blocks; i++) read(bytes, i * block.bytes, half, out, i * block.values);
  }
}

/** Stored bytes of any type, whole blocks, to float32 values; always a copy. */
export function decodeWeights(dtype: GgufDType, bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const out = new Float32Array(valuesIn(dtype, bytes.byteLength));
  dequantize(dtype, bytes, out);
  return out;
}

/** Copies, since 16-bit values may lie at odd addresses. */
function words(bytes: Uint8Array): Uint16Array {
  return new Uint16Array(new Uint8Array(bytes).buffer);
}

/** Gives the binary16 at a byte offset. One value at a time goes through arrays made once: blocks are many. */
function halfReader(bytes: Uint8Array): (at: number) => number {
  const word = new Uint16Array(1);
  const value = new Float32Array(1);
  return (at) => {
    word[0] = bytes[at] | (bytes[at + 1] << 8);
    f16ToF32(word, value);
    return value[0];
  };
}
