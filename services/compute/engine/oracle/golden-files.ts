/**
 * Reads the golden values and small models of ../shared for the tests: safetensors (an 8-byte little-endian header
 * length, a JSON header, the data), and the JSON beside them. Test code only; it trusts its files.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';

/** ../shared beside the working copy; absent from a plain checkout. */
const SHARED = new URL('../../../../../shared/', import.meta.url);

/**
 * Whether the golden values are there. Where they are not, tests that need them are skipped and say so; in CI, where
 * a missing part is a fault, this throws instead.
 */
export function goldenPresent(folder = SHARED, ci = process.env['CI']): boolean {
  if (existsSync(folder)) return true;
  const missing = `the golden values of ../shared are not there (${folder.pathname})`;
  if (!['', '0', 'false', undefined].includes(ci)) throw new Error(`${missing}, and CI must not skip them`);
  console.warn(`skipped: ${missing}`);
  return false;
}

/** One case of a `*.golden.json` or `golden/*.json`. */
export interface GoldenCase {
  readonly name: string;
  readonly input_ids: readonly number[];
  readonly prompt_length: number;
  readonly loss: number;
}

interface Entry {
  readonly dtype: 'F32' | 'BF16' | 'F16';
  readonly data_offsets: readonly [number, number];
}

export function readCases(path: string): readonly GoldenCase[] {
  const golden = JSON.parse(readFileSync(new URL(path, SHARED), 'utf8')) as { cases: GoldenCase[] };
  return golden.cases;
}

export function readConfig(path: string): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(new URL(path, SHARED), 'utf8')) as Record<string, unknown>;
}

/** Every tensor of a safetensors file, widened to float32. */
export function readTensors(path: string): ReadonlyMap<string, Float32Array> {
  const bytes = readFileSync(new URL(path, SHARED));
  const data = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, data)) as Record<string, Entry>;
  const tensors = new Map<string, Float32Array>();
  for (const [name, { dtype, data_offsets: offsets }] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    tensors.set(name, widen(bytes.subarray(data + offsets[0], data + offsets[1]), dtype));
  }
  return tensors;
}

/** The weights of a model folder, all shards together. */
export function readWeights(folder: string): ReadonlyMap<string, Float32Array> {
  const shards = readdirSync(new URL(folder, SHARED)).filter((name) => name.endsWith('.safetensors'));
  return new Map(shards.flatMap((name) => [...readTensors(`${folder}/${name}`)]));
}

function widen(bytes: Buffer, dtype: Entry['dtype']): Float32Array {
  // copied, so that the view starts on a multiple of its element's size
  const copy = Uint8Array.from(bytes).buffer;
  if (dtype === 'F32') return new Float32Array(copy);
  const words = new Uint16Array(copy);
  if (dtype === 'F16') return Float32Array.from(words, halfToNumber);
  // bfloat16 is the upper half of a float32
  return new Float32Array(Uint32Array.from(words, (word) => word << 16).buffer);
}

/** IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits; infinities and NaN do not occur here. */
function halfToNumber(word: number): number {
  const sign = word & 0x8000 ? -1 : 1;
  const exponent = (word >> 10) & 31;
  const fraction = (word & 1023) / 1024;
  return sign * (exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15));
}
