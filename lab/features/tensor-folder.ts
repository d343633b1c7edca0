/**
 * Named float32 arrays in a folder, one file each, with a header that has their shapes, their SHA-256 and whatever else is to be
 * known of them. Little-endian, as all machines that have a WebGPU driver are. The folder is written by who calls, as a whole or
 * not at all (work-folder.ts); what is read is checked against the header.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf, ReptraceError } from '../../lib/errors.ts';

export interface NamedArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

interface StoredArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly file: string;
  readonly sha256: string;
}

interface Header<Meta> {
  readonly format: typeof FORMAT;
  readonly meta: Meta;
  readonly arrays: readonly StoredArray[];
}

const FORMAT = 'reptrace lab arrays 1';
const HEADER = 'header.json';

/** @param meta plain data */
export async function writeArrays(
  folder: string,
  meta: unknown,
  arrays: readonly NamedArray[],
): Promise<void> {
  const stored: StoredArray[] = [];
  for (const [i, { name, shape, values }] of arrays.entries()) {
    if (values.length !== sizeOf(shape)) {
      throw new Error(`"${name}" has ${values.length} numbers and the shape ${shape.join(', ')}`);
    }
    const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    const file = `${i}.bin`;
    await writeFile(join(folder, file), bytes);
    stored.push({ name, shape, file, sha256: sha256(bytes) });
  }
  const header: Header<unknown> = { format: FORMAT, meta, arrays: stored };
  await writeFile(join(folder, HEADER), JSON.stringify(header));
}

export interface ArrayFolder<Meta> {
  readonly meta: Meta;
  /** Throws CHECKPOINT_INVALID for one that is not there. */
  array(name: string): NamedArray;
}

/** Throws CHECKPOINT_INVALID when a file is missing or is not what was written. @param Meta what `writeArrays` was given */
export async function readArrays<Meta>(folder: string): Promise<ArrayFolder<Meta>> {
  try {
    const header = JSON.parse(await readFile(join(folder, HEADER), 'utf8')) as Header<Meta>;
    if (header.format !== FORMAT) throw new Error('its header is of another format');
    const arrays = new Map<string, NamedArray>();
    for (const [i, { name, shape, sha256: expected }] of header.arrays.entries()) {
      const bytes = await readFile(join(folder, `${i}.bin`));
      const isWhole = bytes.length === sizeOf(shape) * Float32Array.BYTES_PER_ELEMENT;
      if (!isWhole || sha256(bytes) !== expected) throw new Error(`"${name}" is not what was written`);
      // A copy, for a file's bytes may lie at any address.
      arrays.set(name, { name, shape, values: new Float32Array(new Uint8Array(bytes).buffer) });
    }
    return {
      meta: header.meta,
      array: (name) => {
        const found = arrays.get(name);
        if (found === undefined) throw damaged(folder, `it has no "${name}"`);
        return found;
      },
    };
  } catch (error) {
    throw error instanceof ReptraceError ? error : damaged(folder, reasonOf(error), error);
  }
}

function damaged(folder: string, reason: string, cause?: unknown): ReptraceError {
  return new ReptraceError(
    'CHECKPOINT_INVALID',
    `what was kept in ${folder} cannot be used: ${reason}`,
    'Remove this folder: what was in it is then made again.',
    { cause },
  );
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
