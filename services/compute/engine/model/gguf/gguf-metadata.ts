/** What a GGUF file says about its model: typed reading of metadata, under the keys of its architecture. */
import { ReptraceError } from '../../../../../lib/errors.ts';
import { quoteName } from '../safetensors.ts';
import type { GgufHeader } from './gguf-header.ts';
import type { GgufValue } from './gguf-values.ts';

export class GgufMetadata {
  /** The file's name, for messages. */
  readonly file: string;
  readonly architecture: string;
  readonly #header: GgufHeader;

  constructor(file: string, architecture: string, header: GgufHeader) {
    this.file = file;
    this.architecture = architecture;
    this.#header = header;
  }

  /** Values under `ARCHITECTURE.`, by what follows. */
  own(): [key: string, value: GgufValue][] {
    const prefix = `${this.architecture}.`;
    return [...this.#header.metadata].flatMap(([key, value]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [],
    );
  }

  /** The value of `ARCHITECTURE.key`. */
  value(key: string): GgufValue | undefined {
    return this.any(this.nameOf(key));
  }

  /** The value of a key as it is written in the file. */
  any(key: string): GgufValue | undefined {
    return this.#header.metadata.get(key);
  }

  number(key: string): number | undefined {
    return this.anyNumber(this.nameOf(key));
  }

  required(key: string): number {
    const value = this.number(key);
    if (value !== undefined) return value;
    throw new ReptraceError(
      'CONFIG_INVALID',
      `The metadata of ${this.file} has no ${this.nameOf(key)}.`,
      'Convert the model to GGUF again, with a current converter.',
    );
  }

  flag(key: string): boolean | undefined {
    const value = this.value(key);
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.unsupported(`${this.nameOf(key)} ${shown(value)}`);
  }

  /**
   * A number as it was meant: a float32 that was once written as a short decimal (1e-5) is that decimal again, as
   * config.json has it.
   */
  anyNumber(key: string): number | undefined {
    const value = this.any(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw this.unsupported(`${key} ${shown(value)}`);
    if (Number.isInteger(value) || Math.fround(value) !== value) return value;
    for (let digits = 1; digits < 9; digits++) {
      const short = Number(value.toPrecision(digits));
      if (Math.fround(short) === value) return short;
    }
    return value;
  }

  has(tensor: string): boolean {
    return this.#header.tensors.has(tensor);
  }

  /** Rows of a stored matrix, the slowest size; undefined where there is none of that name. */
  rows(tensor: string): number | undefined {
    return this.#header.tensors.get(tensor)?.shape[0];
  }

  nameOf(key: string): string {
    return `${this.architecture}.${key}`;
  }

  unsupported(
    what: string,
    remedy = 'Use a file without this option; the model would be run wrongly here.',
  ): ReptraceError {
    return new ReptraceError('CONFIG_UNSUPPORTED', `${this.file}: ${what} is not implemented.`, remedy);
  }
}

/** A value, short enough for a message. */
export function shown(value: GgufValue | undefined): string {
  if (value === undefined) return '(absent)';
  if (typeof value === 'object') return `(${value.length} values)`;
  return typeof value === 'string' ? quoteName(value) : value.toString();
}
