/**
 * Values of any stored precision, as many as are wanted, of which few are kept: one stretch of them, again and again. It has a
 * prime number of units, so that no two rows of a matrix begin alike.
 */
import { Random } from '../../../../lib/random.ts';
import { byteLength, isQuantized, type WeightDtype } from '../device/tensor.ts';
import { encodeFloats, isDType } from '../model/dtype.ts';
import { decodeWeights } from '../model/gguf/dequantize.ts';
import { BLOCKS, isGgufDType } from '../model/gguf/gguf-types.ts';
import { alignBlocks } from '../model/gguf/quantized-blocks.ts';

/** A unit is what has whole words on the GPU: a value or two, or a quantised block or two, of 32 values and more. */
const UNITS = { floats: 65_521, blocks: 1021 };

export class RepeatedValues {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #values: Float32Array;

  private constructor(bytes: Uint8Array<ArrayBuffer>, values: Float32Array) {
    this.#bytes = bytes;
    this.#values = values;
  }

  /** Random, of about 1 and less, and what they are in this precision. */
  static of(dtype: WeightDtype): RepeatedValues {
    const stored = dtype.toUpperCase();
    if (!isGgufDType(stored)) throw new Error(`there are no weights in ${dtype}`);
    const random = new Random(7);
    const unit = isQuantized(dtype) ? blocksOfUnit(dtype) : dtype === 'f32' ? 1 : 2;
    if (isDType(stored)) {
      const floats = Float32Array.from({ length: UNITS.floats * unit }, () => random.next() * 2 - 1);
      const bytes = encodeFloats(stored, floats);
      return new RepeatedValues(bytes, decodeWeights(stored, bytes));
    }
    const bytes = new Uint8Array(UNITS.blocks * unit * BLOCKS[stored].bytes);
    // Without the exponent's highest bit no scale, wherever one lies in a block, is large, infinite or no number.
    for (let i = 0; i < bytes.length; i++) bytes[i] = random.int(256) & 0xbf;
    return new RepeatedValues(alignBlocks(stored, bytes), decodeWeights(stored, bytes));
  }

  valueAt(index: number): number {
    return this.#values[index % this.#values.length];
  }

  /** Writes them all over a buffer. */
  fill(device: GPUDevice, buffer: GPUBuffer, size: number): void {
    for (let at = 0; at < size; at += this.#bytes.byteLength) {
      device.queue.writeBuffer(buffer, at, this.#bytes, 0, Math.min(this.#bytes.byteLength, size - at));
    }
  }
}

/** One, or two where a block has half a word too many. */
function blocksOfUnit(dtype: WeightDtype): number {
  const stored = dtype.toUpperCase();
  if (!isGgufDType(stored)) throw new Error(`there are no weights in ${dtype}`);
  const { values, bytes } = BLOCKS[stored];
  return byteLength([values], dtype) > bytes ? 2 : 1;
}
