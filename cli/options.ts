/** Parsers of option values that several commands share; each refuses with the option's own words. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { parseByteSize, withLikelyUnit } from '../lib/byte-size.ts';

export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`expected a whole number${ofAtLeast(least)}`);
  };
}

export function realNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isFinite(value) && value >= least) return value;
    throw new InvalidArgumentError(`expected a number${ofAtLeast(least)}`);
  };
}

/** Nothing of a bound that bounds nothing: the service then refuses what is out of range. */
function ofAtLeast(least: number): string {
  return least <= -Number.MAX_SAFE_INTEGER ? '' : ` of at least ${least}`;
}

/** `--gpu-memory`, of every command that loads a model. */
export function gpuMemoryOption(): Option {
  return new Option(
    '--gpu-memory <size>',
    'how much of the GPU a model may use, such as 8GiB; larger ones are loaded block by block (default: REPTRACE_GPU_MEMORY, else all)',
  ).argParser((text) => {
    const bytes = parseByteSize(text);
    if (bytes !== undefined) return bytes;
    const meant = withLikelyUnit(text);
    throw new InvalidArgumentError(
      meant === undefined
        ? 'expected an amount of memory such as 8GiB or 512MiB'
        : `a number without a unit counts bytes, and these are too few: did you mean ${meant}?`,
    );
  });
}

export interface DataDirOptions {
  readonly dataDir?: string;
  readonly data?: string;
}

/** `--data-dir`, of every command that keeps or finds something. Where no dataset is named, `--data` says the same. */
export function dataDirOption(command: Command, what = 'where everything is kept'): Command {
  return command
    .option('--data-dir <dir>', `${what} (default: REPTRACE_DATA, else .reptrace)`)
    .addOption(new Option('--data <dir>').conflicts('dataDir').hideHelp());
}

/** Undefined when neither was given. */
export function dataDirOf({ dataDir, data }: DataDirOptions): string | undefined {
  return dataDir ?? data;
}

/** `all`, `last`, `auto`, or layer numbers with commas. */
export type LayerChoice = 'all' | 'last' | 'auto' | readonly number[];

export function layerChoice(text: string): LayerChoice {
  if (text === 'all' || text === 'last' || text === 'auto') return text;
  const layers = text.split(',').map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : NaN));
  if (layers.every(Number.isSafeInteger)) return layers;
  throw new InvalidArgumentError('expected all, last, auto, or layer numbers such as 0,3,5');
}
