/**
 * The header of a GGUF file, versions 2 and 3, little-endian: pure, no input or output.
 *
 *   "GGUF", version u32, tensor count u64, metadata count u64
 *   metadata: key string, type u32, value
 *   tensors:  name string, rank u32, sizes u64 (fastest first), type u32, offset u64
 *   padding up to the alignment, then the tensors' bytes, each tensor begun at a multiple of the alignment
 *
 * Everything that does not fit together is refused here, so that whoever reads a tensor can trust its range.
 */
import { quoteName } from '../safetensors.ts';
import { GgufCursor, ggufInvalid } from './gguf-cursor.ts';
import { BLOCKS, ggufTypeName, isGgufDType, type GgufDType } from './gguf-types.ts';
import { readGgufValue, type GgufValue } from './gguf-values.ts';

export interface GgufTensor {
  readonly name: string;
  readonly dtype: GgufDType;
  /** Slowest first, as everywhere here; the file has them the other way round. */
  readonly shape: readonly number[];
  /** First byte and one past the last, counted from the start of the file. */
  readonly begin: number;
  readonly end: number;
}

export interface GgufHeader {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

/** A key, its type and an empty value; and a name, rank, type and offset: the least that one of each takes. */
const MIN_ENTRY_BYTES = 13;
const MIN_TENSOR_BYTES = 24;
/** Some hundred keys and a thousand tensors are usual. */
const MAX_ENTRIES = 1 << 16;
const MAX_NAME_BYTES = 1024;
const MAX_RANK = 4;
const DEFAULT_ALIGNMENT = 32;
const MAX_ALIGNMENT = 1 << 16;

/**
 * @param bytes the first bytes of the file
 * @throws NeedMoreBytes when the header is longer than `bytes` but not than the file
 */
export function parseGgufHeader(bytes: Uint8Array, fileSize: number): GgufHeader {
  const cursor = new GgufCursor(bytes, fileSize);
  readMagic(cursor);
  const tensorCount = bounded(cursor.count('tensors', MIN_TENSOR_BYTES), 'tensors');
  const entryCount = bounded(cursor.count('metadata entries', MIN_ENTRY_BYTES), 'metadata entries');

  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < entryCount; i++) {
    const key = readName(cursor, 'a metadata key');
    if (metadata.has(key)) throw ggufInvalid(`has the metadata key ${quoteName(key)} twice`);
    metadata.set(key, readGgufValue(cursor, key));
  }
  const alignment = alignmentOf(metadata);
  const infos: GgufTensor[] = [];
  for (let i = 0; i < tensorCount; i++) infos.push(readTensorInfo(cursor, alignment));

  const dataStart = alignUp(cursor.position, alignment);
  const tensors = new Map<string, GgufTensor>();
  for (const { name, begin, end, ...rest } of infos) {
    if (tensors.has(name)) throw ggufInvalid(`has the tensor ${quoteName(name)} twice`);
    tensors.set(name, { name, ...rest, begin: dataStart + begin, end: dataStart + end });
  }
  checkTiling([...tensors.values()], dataStart, alignment, fileSize);
  return { metadata, tensors };
}

function readMagic(cursor: GgufCursor): void {
  if (cursor.uint32() !== 0x46554747) throw ggufInvalid('does not begin with "GGUF"');
  const version = cursor.uint32();
  if (version === 2 || version === 3) return;
  if (version === 0x02000000 || version === 0x03000000)
    throw ggufInvalid('is big-endian; only little-endian is read');
  throw ggufInvalid(`has version ${version}; versions 2 and 3 are read`);
}

function readName(cursor: GgufCursor, what: string): string {
  const bytes = cursor.stringBytes();
  if (bytes.byteLength > MAX_NAME_BYTES) throw ggufInvalid(`has ${what} of ${bytes.byteLength} bytes`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw ggufInvalid(`has ${what} that is not UTF-8`);
  }
}

function alignmentOf(metadata: ReadonlyMap<string, GgufValue>): number {
  const value = metadata.get('general.alignment') ?? DEFAULT_ALIGNMENT;
  if (
    typeof value === 'number' &&
    value >= 1 &&
    value <= MAX_ALIGNMENT &&
    Number.isInteger(Math.log2(value))
  ) {
    return value;
  }
  throw ggufInvalid(`has a general.alignment that is not a power of two up to ${MAX_ALIGNMENT}`);
}

/** `begin` and `end` are still counted from the start of the data. */
function readTensorInfo(cursor: GgufCursor, alignment: number): GgufTensor {
  const name = readName(cursor, 'a tensor name');
  const label = quoteName(name);
  const rank = cursor.uint32();
  if (rank < 1 || rank > MAX_RANK) throw ggufInvalid(`gives tensor ${label} ${rank} dimensions`);
  const sizes = Array.from({ length: rank }, () =>
    safeNumber(cursor.uint64(), `a dimension of tensor ${label}`),
  );
  const dtype = ggufTypeName(cursor.uint32());
  if (!isGgufDType(dtype)) {
    throw ggufInvalid(
      `stores tensor ${label} as ${dtype}; implemented are ${Object.keys(BLOCKS).join(', ')}`,
    );
  }
  const begin = safeNumber(cursor.uint64(), `the offset of tensor ${label}`);
  if (begin % alignment !== 0) {
    throw ggufInvalid(`places tensor ${label} at byte ${begin}, not at a multiple of ${alignment}`);
  }
  const bytes = byteCount(label, dtype, sizes);
  return { name, dtype, shape: sizes.reverse(), begin, end: begin + bytes };
}

function byteCount(label: string, dtype: GgufDType, sizes: readonly number[]): number {
  const block = BLOCKS[dtype];
  const [row = 0] = sizes;
  if (row % block.values !== 0) {
    throw ggufInvalid(`gives tensor ${label} rows of ${row} values, which are no whole blocks of ${dtype}`);
  }
  let values = 1;
  for (const size of sizes) {
    if (size === 0) throw ggufInvalid(`gives tensor ${label} no values`);
    values *= size;
    if (values * block.bytes > Number.MAX_SAFE_INTEGER)
      throw ggufInvalid(`makes tensor ${label} larger than any file`);
  }
  return (values / block.values) * block.bytes;
}

/** The tensors must fill the data in some order, with nothing between them but the padding to the alignment. */
function checkTiling(
  tensors: readonly GgufTensor[],
  dataStart: number,
  alignment: number,
  fileSize: number,
): void {
  let covered = dataStart;
  for (const { name, begin, end } of [...tensors].sort((a, b) => a.begin - b.begin)) {
    if (begin !== alignUp(covered, alignment)) {
      const what = begin < covered ? 'overlaps the one before it' : 'leaves a gap before it';
      throw ggufInvalid(`places tensor ${quoteName(name)} so that it ${what}`);
    }
    if (end > fileSize)
      throw ggufInvalid(`ends within the tensor ${quoteName(name)}, at byte ${fileSize} of ${end}`);
    covered = end;
  }
  if (fileSize > alignUp(covered, alignment)) {
    throw ggufInvalid(
      `has ${fileSize - covered} bytes after its last tensor; the file does not fit its header`,
    );
  }
}

function alignUp(position: number, alignment: number): number {
  return Math.ceil(position / alignment) * alignment;
}

function bounded(count: number, what: string): number {
  if (count > MAX_ENTRIES) throw ggufInvalid(`has ${count} ${what}; at most ${MAX_ENTRIES} are read`);
  return count;
}

function safeNumber(value: bigint, what: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw ggufInvalid(`gives ${value.toString()} as ${what}`);
  return number;
}
