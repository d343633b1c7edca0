/** What the environment says about a process of the mesh. Read once, at the edge; everything else is given its part. */
import { delimiter, resolve } from 'node:path';
import { parseNatsUrl } from '../bus/nats-url.ts';
import { parseByteSize } from '../byte-size.ts';
import { ReptraceError } from '../errors.ts';

export interface Settings {
  /** Where everything is kept that is not in NATS or Qdrant. */
  readonly data: string;
  /** Folders under which clients may name files. */
  readonly roots: readonly string[];
  /** Folders in which workers look for a model that is known by its digest. */
  readonly models: readonly string[];
  /** Unset: the bus and the records are in this process. */
  readonly natsUrl: string | undefined;
  /** Unset: signatures are in a folder. */
  readonly qdrantUrl: string | undefined;
  readonly qdrantApiKey: string | undefined;
  /** What clients, and services among each other, must show. */
  readonly token: string | undefined;
  /** Bytes of the GPU that a worker may use. Unset: all that there are. */
  readonly gpuMemory: number | undefined;
  readonly ggufWeights: GgufWeights;
  /** Unset: as the adapter wants it. */
  readonly tune: TuneSetting | undefined;
}

/** Whether a GGUF file's quantised matrices stay so on the GPU, or take four bytes a value. Results are the same. */
export type GgufWeights = 'quantized' | 'widened';

/** Whether the fastest variants of kernels are sought before a model is first used, and how long. */
export type TuneSetting = 'off' | 'quick' | 'full';

type Environment = Readonly<Record<string, string | undefined>>;

/** @param overrides what the command line says. Throws CONFIG_INVALID, naming the variable. */
export function readSettings(
  env: Environment,
  overrides: { readonly data?: string | undefined; readonly gpuMemory?: number | undefined } = {},
): Settings {
  const data = resolve(overrides.data ?? given(env, 'REPTRACE_DATA') ?? '.reptrace');
  return {
    data,
    roots: folders(env, 'REPTRACE_ROOTS') ?? [process.cwd(), data],
    models: folders(env, 'REPTRACE_MODELS') ?? [],
    natsUrl: natsUrl(env),
    qdrantUrl: qdrantUrl(env),
    qdrantApiKey: given(env, 'QDRANT_API_KEY'),
    token: given(env, 'REPTRACE_TOKEN'),
    gpuMemory: overrides.gpuMemory ?? gpuMemory(env),
    ggufWeights: ggufWeights(env),
    tune: tuneSetting(env),
  };
}

/** What REPTRACE_GGUF_WEIGHTS says; unset, they stay quantised. Throws CONFIG_INVALID. */
export function ggufWeights(env: Environment): GgufWeights {
  const value = given(env, 'REPTRACE_GGUF_WEIGHTS') ?? 'quantized';
  if (value === 'quantized' || value === 'widened') return value;
  throw new ReptraceError(
    'CONFIG_INVALID',
    `REPTRACE_GGUF_WEIGHTS is ${JSON.stringify(value.slice(0, 100))}`,
    'Set it to quantized or widened, or unset it.',
  );
}

/** What REPTRACE_TUNE says. Throws CONFIG_INVALID. */
export function tuneSetting(env: Environment): TuneSetting | undefined {
  const value = given(env, 'REPTRACE_TUNE');
  if (value === undefined || value === 'off' || value === 'quick' || value === 'full') return value;
  throw new ReptraceError(
    'CONFIG_INVALID',
    `REPTRACE_TUNE is ${JSON.stringify(value.slice(0, 100))}`,
    'Set it to off, quick or full, or unset it.',
  );
}

/** What REPTRACE_GPU_MEMORY says. Throws CONFIG_INVALID. */
export function gpuMemory(env: Environment): number | undefined {
  const value = given(env, 'REPTRACE_GPU_MEMORY');
  if (value === undefined) return undefined;
  const bytes = parseByteSize(value);
  if (bytes !== undefined) return bytes;
  throw new ReptraceError(
    'CONFIG_INVALID',
    `REPTRACE_GPU_MEMORY is ${JSON.stringify(value.slice(0, 100))}, which is no amount of memory`,
    'Set it to something like 8GiB or 512MiB, or unset it.',
  );
}

/** Empty is unset: that is how compose files and shells leave a variable out. */
function given(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === undefined || value === '' ? undefined : value;
}

function folders(env: Environment, name: string): readonly string[] | undefined {
  return given(env, name)
    ?.split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => resolve(folder));
}

function natsUrl(env: Environment): string | undefined {
  const value = given(env, 'NATS_URL');
  if (value !== undefined) parseNatsUrl(value);
  return value;
}

function qdrantUrl(env: Environment): string | undefined {
  const value = given(env, 'QDRANT_URL');
  if (value === undefined) return undefined;
  if (URL.canParse(value) && ['http:', 'https:'].includes(new URL(value).protocol)) return value;
  throw new ReptraceError(
    'CONFIG_INVALID',
    'QDRANT_URL is not a URL of http:// or https://',
    'Set it to something like http://127.0.0.1:6333, or unset it.',
  );
}
