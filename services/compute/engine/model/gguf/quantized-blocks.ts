/**
 * Quantised blocks that stay as they are: their check, and how they lie on the GPU.
 *
 * Shaders read words of 4 bytes, and blocks of Q4_0, Q5_0, Q8_0 and Q6_K (18, 22, 34 and 210 bytes) are 2 bytes longer than
 * whole words. On the GPU two of these make a pair: both scales d in its first word, the first block's in the low half, then
 * the rest of the first block, then that of the second, all in the file's order. The other types lie as in the file, where
 * every block is whole words. Either way the GPU holds not a byte more than the file, but for half a pair after an odd number
 * of blocks. In words, d first:
 *
 *   Q4_0  pair   9   d d, (q 4) twice           Q4_1  block  5   d m, q 4
 *   Q5_0  pair  11   d d, (fifths 1, q 4) ..    Q5_1  block  6   d m, fifths 1, q 4
 *   Q8_0  pair  17   d d, (q 8) twice           Q4_K  block 36   d dmin, scales 3, q 32
 *   Q6_K  pair 105   d d, (low 32, high 16,     Q5_K  block 44   d dmin, scales 3, fifths 8, q 32
 *                    scales 4) twice
 *
 * The shaders are shaders/lib/weights_*.wgsl, and what q means is told in dequantize.ts and k-quants.ts. Every
 * product there is exact in float32, so both give the same values to the last bit.
 */
import { ReptraceError } from '../../../../../lib/errors.ts';
import { BLOCKS, type QuantType } from './gguf-types.ts';

/** Byte offsets of the binary16 numbers in a block. */
export const SCALES: Readonly<Record<QuantType, readonly number[]>> = {
  ...{ Q4_0: [0], Q4_1: [0, 2], Q5_0: [0], Q5_1: [0, 2], Q8_0: [0] },
  ...{ Q4_K: [0, 2], Q5_K: [0, 2], Q6_K: [208] },
};

/** Throws WEIGHTS_NOT_FINITE, naming the tensor, unless all values of whole blocks are finite: if their scales are. */
export function assertFiniteBlocks(name: string, type: QuantType, blocks: Uint8Array): void {
  const size = BLOCKS[type].bytes;
  for (const offset of SCALES[type]) {
    // The upper byte has the five exponent bits, all set in a NaN and an infinity.
    for (let at = offset + 1; at < blocks.byteLength; at += size) {
      if ((blocks[at] & 0x7c) === 0x7c) throw notFinite(name);
    }
  }
}

/**
 * Whole blocks as the GPU has them: the same bytes where blocks are whole words, else new ones, whole pairs.
 * @param blocks at an even address; from an even block of the tensor on; an odd number of them only at the end of a matrix
 */
export function alignBlocks(type: QuantType, blocks: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const { bytes } = BLOCKS[type];
  if (bytes % 4 === 0) return blocks;
  // In halves of words, since all blocks are of whole ones.
  const size = bytes / 2;
  const [scale] = SCALES[type].map((offset) => offset / 2);
  const from = new Uint16Array(blocks.buffer, blocks.byteOffset, blocks.byteLength / 2);
  const to = new Uint16Array(Math.ceil(from.length / (2 * size)) * 2 * size);
  for (let at = 0, half = 0; at < from.length; at += size, half = 1 - half) {
    const pair = at - half * size;
    to[pair + half] = from[at + scale];
    let next = pair + 2 + half * (size - 1);
    for (let i = 0; i < size; i++) if (i !== scale) to[next++] = from[at + i];
  }
  return new Uint8Array(to.buffer);
}

function notFinite(name: string): ReptraceError {
  return new ReptraceError(
    'WEIGHTS_NOT_FINITE',
    `Tensor ${JSON.stringify(name)} holds a block whose scale is a NaN or an infinity.`,
    'Use a checkpoint whose weights are all finite; this one is damaged, or its training diverged.',
  );
}
