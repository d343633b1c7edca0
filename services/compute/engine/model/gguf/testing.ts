/** Writes small GGUF files for tests: sound ones, and any that a test makes unsound. */
import { BLOCKS, isGgufDType } from './gguf-types.ts';

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
