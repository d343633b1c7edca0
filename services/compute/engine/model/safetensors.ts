/**
 * Reading the header of a safetensors file: pure, no input or output.
 *
 * A file is 8 bytes (little-endian length N of the header), N bytes of JSON, then the tensors' bytes. The header maps
 * each tensor's name to {dtype, shape, data_offsets: [begin, end)}, offsets counted from the end of the header.
 * Specification: https://github.com/huggingface/safetensors#format. Everything that the specification forbids is
 * refused here, so that whoever reads a tensor later can trust its range.
 */
import { ReptraceError, reasonOf } from '../../../../lib/errors.ts';
import { DTYPE_BYTES } from './dtype.ts';
import { checkJsonBounds } from './json-bounds.ts';
import { parseStrictJson, type StrictJson } from './strict-json.ts';

/** What a tensor may be stored as, and the bytes of a value. Weights are DTypes only; masks and the like may be others. */
const STORED_BYTES = {
  ...DTYPE_BYTES,
  ...{
    BOOL: 1,
    U8: 1,
    I8: 1,
    F8_E4M3: 1,
    F8_E5M2: 1,
    U16: 2,
    I16: 2,
    U32: 4,
    I32: 4,
    F64: 8,
    U64: 8,
    I64: 8,
  },
} as const;

export type StoredDType = keyof typeof STORED_BYTES;

function isStoredDType(name: string): name is StoredDType {
  return Object.hasOwn(STORED_BYTES, name);
}

export interface TensorRecord {
  readonly name: string;
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  /** First byte, counted from the start of the file. */
  readonly begin: number;
  /** One past the last byte, counted from the start of the file. */
  readonly end: number;
}

/** Bytes of the length field that a file starts with. */
export const LENGTH_BYTES = 8;
/** The specification's own bound. */
const MAX_HEADER_BYTES = 100_000_000;
const MAX_RANK = 8;

/**
 * The header's length, from the first 8 bytes of a file of `fileSize` bytes; so that a caller knows how much to read
 * before it allocates anything.
 */
export function safetensorsHeaderLength(first: Uint8Array, fileSize: number): number {
  if (first.byteLength < LENGTH_BYTES || fileSize < LENGTH_BYTES) {
    throw invalid(`is ${fileSize} bytes long, too short for the 8 bytes that a safetensors file starts with`);
  }
  const view = new DataView(first.buffer, first.byteOffset, LENGTH_BYTES);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw invalid(`claims a header of ${length.toString()} bytes; the format allows ${MAX_HEADER_BYTES}`);
  }
  if (length > BigInt(fileSize - LENGTH_BYTES)) {
    throw invalid(`claims a header of ${length.toString()} bytes, but has only ${fileSize} bytes in all`);
  }
  return Number(length);
}

/**
 * The tensors of a file, in the order of their bytes.
 * @param head the file's first bytes: the length field and at least the whole header
 * @param fileSize bytes in the whole file
 */
export function parseSafetensorsHeader(head: Uint8Array, fileSize: number): TensorRecord[] {
  const length = safetensorsHeaderLength(head, fileSize);
  const dataStart = LENGTH_BYTES + length;
  if (head.byteLength < dataStart) throw invalid('ends inside its header');

  const header = parseHeaderJson(head.subarray(LENGTH_BYTES, dataStart));
  const records: TensorRecord[] = [];
  for (const [name, entry] of header) {
    if (name === '__metadata__') checkMetadata(entry);
    else records.push(parseEntry(name, entry, dataStart, fileSize));
  }
  records.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkTiling(records, dataStart, fileSize);
  return records;
}

function parseHeaderJson(bytes: Uint8Array): Map<string, StrictJson> {
  if (bytes[0] !== 0x7b) throw invalid('has a header that does not start with "{"');
  let parsed: StrictJson;
  try {
    checkJsonBounds(bytes);
    parsed = parseStrictJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw invalid(`has a header that is not valid JSON: ${reasonOf(error)}`, error);
  }
  if (!(parsed instanceof Map)) throw invalid('has a header that is not a JSON object');
  return parsed;
}

function checkMetadata(entry: StrictJson): void {
  const isText = entry instanceof Map && [...entry.values()].every((value) => typeof value === 'string');
  if (!isText) throw invalid('has a "__metadata__" that is not an object of strings');
}

function parseEntry(name: string, entry: StrictJson, dataStart: number, fileSize: number): TensorRecord {
  const label = quoteName(name);
  if (!(entry instanceof Map)) throw invalid(`describes tensor ${label} with something other than an object`);
  for (const key of entry.keys()) {
    if (key !== 'dtype' && key !== 'shape' && key !== 'data_offsets') {
      throw invalid(`describes tensor ${label} with an unknown field ${quoteName(key)}`);
    }
  }

  const dtype = entry.get('dtype');
  if (typeof dtype !== 'string') throw invalid(`gives tensor ${label} no dtype`);
  if (!isStoredDType(dtype))
    throw invalid(`stores tensor ${label} as ${quoteName(dtype)}, which is no known type`);

  const shape = entry.get('shape');
  if (!isWholeNumbers(shape) || shape.length > MAX_RANK) {
    throw invalid(`gives tensor ${label} a shape that is not a list of at most ${MAX_RANK} whole numbers`);
  }
  const offsets = entry.get('data_offsets');
  if (!isWholeNumbers(offsets) || offsets.length !== 2) {
    throw invalid(`gives tensor ${label} data_offsets that are not two whole numbers`);
  }
  const [from, to] = offsets as [number, number];
  if (from > to || to > fileSize - dataStart) {
    throw invalid(
      `places tensor ${label} at bytes ${from} to ${to}, but holds ${fileSize - dataStart} bytes of tensors`,
    );
  }

  const bytes = byteCount(shape, dtype);
  if (bytes !== to - from) {
    throw invalid(
      `gives tensor ${label} ${to - from} bytes, but ${dtype} of shape [${shape.join(', ')}] takes ${bytes}`,
    );
  }
  return { name, dtype, shape, begin: dataStart + from, end: dataStart + to };
}

/** The tensors must cover the data from its first byte to its last, without a gap and without an overlap. */
function checkTiling(sorted: readonly TensorRecord[], dataStart: number, fileSize: number): void {
  let covered = dataStart;
  for (const { name, begin, end } of sorted) {
    if (begin !== covered) {
      const what = begin < covered ? 'overlaps the tensor before it' : 'leaves a gap before it';
      throw invalid(`places tensor ${quoteName(name)} so that it ${what}`);
    }
    covered = end;
  }
  if (covered !== fileSize) {
    throw invalid(`has ${fileSize - covered} bytes after its last tensor; the file does not fit its header`);
  }
}

function isWholeNumbers(value: StrictJson | undefined): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && (item as number) >= 0);
}

/** Infinity when the count passes what a double holds exactly. */
function byteCount(shape: readonly number[], dtype: StoredDType): number {
  if (shape.includes(0)) return 0;
  let bytes = STORED_BYTES[dtype];
  for (const dimension of shape) {
    bytes *= dimension;
    if (bytes > Number.MAX_SAFE_INTEGER) return Infinity;
  }
  return bytes;
}

/** A name from a hostile file, safe and short enough for a message. */
export function quoteName(name: string): string {
  return JSON.stringify(name.length > 120 ? `${name.slice(0, 120)}…` : name);
}

function invalid(what: string, cause?: unknown): ReptraceError {
  return new ReptraceError(
    'WEIGHTS_INVALID',
    `The safetensors file ${what}.`,
    'Download or export the file again; it is damaged, or was not written as safetensors.',
    { cause },
  );
}
