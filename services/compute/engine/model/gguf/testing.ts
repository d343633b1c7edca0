/** Writes small GGUF files for tests: sound ones, and any that a test makes unsound. */
import { Random } from '../../../../../lib/random.ts';
import { BLOCKS, isGgufDType, type QuantType } from './gguf-types.ts';
import { SCALES } from './quantized-blocks.ts';

export interface GgufParts {
  readonly version?: number;
  readonly alignment?: number;
  /** Values with their types; `as` is the number of the type in the file. */
  readonly metadata?: readonly { key: string; as: number; value: Uint8Array }[];
  readonly tensors?: readonly {
    name: string;
    /** Fastest first, as in the file. */
    sizes: readonly (number | bigint)[];
    type: number;
    data: Uint8Array;
    /** In place of the right one. */
    offset?: number | bigint;
  }[];
  /** In place of the right ones. */
  readonly tensorCount?: bigint;
  readonly metadataCount?: bigint;
}

export function writeGguf(parts: GgufParts): Uint8Array<ArrayBuffer> {
  const { metadata = [], tensors = [], alignment = 32 } = parts;
  const header = [
    Buffer.from('GGUF'),
    u32(parts.version ?? 3),
    u64(parts.tensorCount ?? tensors.length),
    u64(parts.metadataCount ?? metadata.length),
    ...metadata.flatMap(({ key, as, value }) => [text(key), u32(as), value]),
  ];
  const data: Uint8Array[] = [];
  let offset = 0;
  for (const tensor of tensors) {
    header.push(text(tensor.name), u32(tensor.sizes.length), ...tensor.sizes.map(u64), u32(tensor.type));
    header.push(u64(tensor.offset ?? offset));
    const padding = -tensor.data.byteLength & (alignment - 1);
    data.push(tensor.data, new Uint8Array(padding));
    offset += tensor.data.byteLength + padding;
  }
  const length = header.reduce((sum, part) => sum + part.byteLength, 0);
  return new Uint8Array(Buffer.concat([...header, new Uint8Array(-length & (alignment - 1)), ...data]));
}

export function u32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function u64(value: number | bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

export function f32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

/** A string's length and its bytes. */
export function text(value: string): Uint8Array {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.byteLength), bytes]);
}

/** Bytes that a tensor of `values` values takes. */
export function bytesOf(dtype: string, values: number): number {
  if (!isGgufDType(dtype)) throw new Error(`${dtype} is not implemented`);
  return (values / BLOCKS[dtype].values) * BLOCKS[dtype].bytes;
}

/** Scales that are hard to widen: zeros, subnormal ones, the largest. */
const HARD_SCALES = [0, 0x8000, 1, 0x3ff, 0x8155, 0x400, 0x7bff, 0xfbff];

/**
 * Blocks of a quantised type: any bits, with scales of ordinary weights (1/64 to 1/8, either sign); or hard ones, with
 * such scales, and all bits clear or set in some.
 */
export function randomBlocks(
  type: QuantType,
  count: number,
  seed: number,
  hard = false,
): Uint8Array<ArrayBuffer> {
  const random = new Random(seed);
  const { bytes } = BLOCKS[type];
  const blocks = Uint8Array.from({ length: count * bytes }, () => random.int(256));
  for (let i = 0; i < count; i++) {
    if (hard && i % 3 > 0) blocks.fill(i % 3 === 1 ? 0 : 255, i * bytes, (i + 1) * bytes);
    for (const offset of SCALES[type]) {
      const scale = hard ? HARD_SCALES[random.int(8)] : 0x2400 + random.int(0xc00) + random.int(2) * 0x8000;
      blocks[i * bytes + offset] = scale & 255;
      blocks[i * bytes + offset + 1] = scale >>> 8;
    }
  }
  return blocks;
}
