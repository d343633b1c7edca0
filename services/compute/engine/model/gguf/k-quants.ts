/**
 * ggml's "k" quantisation to float32: blocks of 256 values, with a scale of its own for every 32 (Q4_K, Q5_K) or 16
 * (Q6_K) of them, as `dequantize_row_q4_K`, `_q5_K` and `_q6_K` in ggml-quants.c (ggml, MIT) have it:
 *
 *   Q4_K, Q5_K  d·scale·q - dmin·min        Q6_K  d·scale·(q - 32), scale signed
 *
 * All products are exact in float32: at most 11 bits of d, 6 or 8 of a scale, 5 of q.
 */

/** Turns the block at byte `at` into values from `out[to]` on. `half` reads a binary16 at a byte offset. */
export type BlockReader = (
  bytes: Uint8Array,
  at: number,
  half: (at: number) => number,
  out: Float32Array,
  to: number,
) => void;

/** d, dmin (binary16), 12 bytes of scales, 128 bytes of q: 64 values share 32 bytes, low halves first. */
export const q4K: BlockReader = (bytes, at, half, out, to) => {
  const d = half(at);
  const dmin = half(at + 2);
  for (let group = 0; group < 8; group++) {
    const scale = d * scaleOf(bytes, at + 4, group);
    const offset = dmin * minOf(bytes, at + 4, group);
    const q = at + 16 + (group >>> 1) * 32;
    const shift = (group & 1) * 4;
    for (let j = 0; j < 32; j++) out[to + group * 32 + j] = scale * ((bytes[q + j] >>> shift) & 15) - offset;
  }
};

/** As Q4_K, with 32 bytes of fifth bits before q: bit g of byte j belongs to value j of group g. */
export const q5K: BlockReader = (bytes, at, half, out, to) => {
  const d = half(at);
  const dmin = half(at + 2);
  for (let group = 0; group < 8; group++) {
    const scale = d * scaleOf(bytes, at + 4, group);
    const offset = dmin * minOf(bytes, at + 4, group);
    const q = at + 48 + (group >>> 1) * 32;
    const shift = (group & 1) * 4;
    for (let j = 0; j < 32; j++) {
      const fifth = (bytes[at + 16 + j] >>> group) & 1;
      out[to + group * 32 + j] = scale * (((bytes[q + j] >>> shift) & 15) | (fifth << 4)) - offset;
    }
  }
};

/** 128 bytes of low halves, 64 of upper bits (two a value), 16 signed scales, d (binary16); in halves of 128 values. */
export const q6K: BlockReader = (bytes, at, half, out, to) => {
  const d = half(at + 208);
  for (let part = 0; part < 8; part++) {
    const low = at + (part >>> 2) * 64 + (part & 1) * 32;
    const high = at + 128 + (part >>> 2) * 32;
    const lowShift = (part & 2) * 2;
    const highShift = (part & 3) * 2;
    for (let j = 0; j < 32; j++) {
      const scale = (bytes[at + 192 + part * 2 + (j >>> 4)] << 24) >> 24;
      const q = ((bytes[low + j] >>> lowShift) & 15) | (((bytes[high + j] >>> highShift) & 3) << 4);
      out[to + part * 32 + j] = d * scale * (q - 32);
    }
  }
};

/** Scales and minima have 6 bits: those of groups 0 to 3 in bytes 0 to 7, of the rest in 8 to 11 and the spare bits. */
function scaleOf(bytes: Uint8Array, at: number, group: number): number {
  if (group < 4) return bytes[at + group] & 63;
  return (bytes[at + group + 4] & 15) | ((bytes[at + group - 4] >>> 6) << 4);
}

function minOf(bytes: Uint8Array, at: number, group: number): number {
  if (group < 4) return bytes[at + group + 4] & 63;
  return (bytes[at + group + 4] >>> 4) | ((bytes[at + group] >>> 6) << 4);
}
