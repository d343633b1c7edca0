/**
 * Writing a safetensors file: to a temporary file beside the target, flushed to disk, then renamed over it, so that
 * a reader sees the old file or the whole new one, never a part.
 */
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ReptraceError } from '../../../../lib/errors.ts';
import { DTYPE_BYTES, assertFinite, encodeFloats, type DType } from './dtype.ts';
import { LENGTH_BYTES, quoteName } from './safetensors.ts';

export interface TensorToWrite {
  readonly name: string;
  /** The format in the file; float32 values are rounded to it. */
  readonly dtype: DType;
  readonly shape: readonly number[];
  /**
   * The values, or bytes that are already in `dtype`; or a function that gives them when their turn comes, so that
   * a large model is never in memory as a whole.
   */
  readonly data: TensorData | (() => TensorData | Promise<TensorData>);
}

export type TensorData = Float32Array | Uint8Array;

/**
 * Writes `tensors` to `path`. They are laid out by falling element size, then by name (as the reference
 * implementation does: every tensor is then aligned to its element), whatever order they are given in. A NaN or an
 * infinity, be it from rounding to F16, is refused by the tensor's name.
 * @param metadata becomes `__metadata__`; `format: pt`, which transformers insists on, is there by default
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const sorted = [...tensors].sort(
    (a, b) => DTYPE_BYTES[b.dtype] - DTYPE_BYTES[a.dtype] || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
  const header = headerBytes(sorted, { format: 'pt', ...metadata });
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.${(serial++).toString()}.tmp`);
  try {
    const file = await open(temporary, 'wx');
    try {
      await writeAll(file, header);
      for (const tensor of sorted) await writeAll(file, await tensorBytes(tensor));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Tells apart the temporary files of one process. */
let serial = 0;

function headerBytes(
  sorted: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const entries: string[] = [`"__metadata__":${JSON.stringify(metadata)}`];
  let offset = 0;
  let previous: string | undefined;
  for (const { name, dtype, shape } of sorted) {
    if (name === previous || name === '__metadata__') {
      throw new ReptraceError(
        'WEIGHTS_INVALID',
        `The tensor name ${quoteName(name)} is given twice, or is the format's own.`,
        'Give every tensor a name of its own.',
      );
    }
    previous = name;
    const end = offset + byteLength(shape, dtype);
    entries.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [offset, end] })}`);
    offset = end;
  }
  const json = new TextEncoder().encode(`{${entries.join(',')}}`);
  // Spaces up to a multiple of 8 bytes, so that the first tensor, and with it every other, is aligned in the file.
  const padded = Math.ceil(json.byteLength / 8) * 8;
  const out = new Uint8Array(LENGTH_BYTES + padded).fill(0x20);
  new DataView(out.buffer).setBigUint64(0, BigInt(padded), true);
  out.set(json, LENGTH_BYTES);
  return out;
}

async function tensorBytes({ name, dtype, shape, data }: TensorToWrite): Promise<Uint8Array> {
  const given = typeof data === 'function' ? await data() : data;
  const bytes = given instanceof Float32Array ? encodeFloats(dtype, given) : given;
  if (bytes.byteLength !== byteLength(shape, dtype)) {
    throw new ReptraceError(
      'SHAPE_MISMATCH',
      `Tensor ${quoteName(name)} has ${bytes.byteLength} bytes; ${dtype} of shape [${shape.join(', ')}] takes ${byteLength(shape, dtype)}.`,
      'Give as many values as the shape says.',
    );
  }
  assertFinite(name, dtype, bytes);
  return bytes;
}

function byteLength(shape: readonly number[], dtype: DType): number {
  return shape.reduce((product, dimension) => product * dimension, DTYPE_BYTES[dtype]);
}

/** One write call takes at most 2 GiB, and may write less than it was given. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  const most = 1 << 26;
  for (let at = 0; at < bytes.byteLength;) {
    const { bytesWritten } = await file.write(bytes, at, Math.min(most, bytes.byteLength - at));
    at += bytesWritten;
  }
}

/** Makes the rename itself durable; some systems cannot open a folder, and there the rename must do. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    return;
  }
}
