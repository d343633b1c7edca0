/**
 * `npm run bench [-- all | engine | models | variants | counts | limits | peers | profile | quantized | streaming | mesh] [--runs n] [--tokens n]
 * [--length n] [--model name] [--layer l] [--only part] [--numbers f32|mixed] [--quick]`, from the repository root.
 * Also the entry of the bundle for a bare GPU machine (bench/README.md).
 */
import { parseArgs } from 'node:util';
import { reportFailure } from '../cli/failure.ts';
import { benchCounts } from './counts/run.ts';
import { benchQuantized } from './engine/quantized.ts';
import { benchEngine } from './engine/run.ts';
import { benchLimits } from './limits/run.ts';
import { benchModels, MODEL_PARTS, numbersToMeasure } from './models/run.ts';
import type * as Mesh from './mesh/run.ts';
import { profileEngine } from './profile/run.ts';
import { benchStreaming } from './streaming/run.ts';
import { benchVariants } from './variants/run.ts';

const NUMBERS = ['f32', 'mixed'] as const;

/** Whole models take long, and each of their runs is long enough to mean something. */
const MODEL_ROUNDS = 3;

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      runs: { type: 'string' },
      tokens: { type: 'string', default: '512' },
      length: { type: 'string', default: '64' },
      model: { type: 'string' },
      layer: { type: 'string', default: '1' },
      only: { type: 'string' },
      numbers: { type: 'string' },
      quick: { type: 'boolean', default: false },
    },
  });
  const [name = 'engine'] = positionals;
  const rounds = wholeNumber('--runs', values.runs ?? (name === 'models' ? `${MODEL_ROUNDS}` : '7'), 1);
  const tokens = wholeNumber('--tokens', values.tokens, 16);
  switch (name) {
    case 'all':
      // What a new adapter is described by, in one command.
      await benchLimits({ rounds });
      await benchVariants({ rounds, tokens, only: undefined });
      await benchEngine({ rounds, tokens });
      for (const numbers of await numbersToMeasure()) {
        await benchModels({ rounds: Math.min(rounds, MODEL_ROUNDS), tokens, numbers });
      }
      await benchCounts({ tokens, model: undefined });
      await runPeers(rounds, tokens, wholeNumber('--length', values.length, 1), undefined);
      return;
    case 'variants':
      await benchVariants({ rounds, tokens, only: values.only });
      return;
    case 'engine':
      await benchEngine({ rounds, tokens });
      return;
    case 'models':
      await benchModels({
        ...{ rounds, tokens, only: partOf('models', MODEL_PARTS, values.only) },
        numbers: partOf('--numbers', NUMBERS, values.numbers),
      });
      return;
    case 'counts':
      await benchCounts({ tokens, model: values.model });
      return;
    case 'limits':
      await benchLimits({ rounds });
      return;
    case 'peers':
      await runPeers(rounds, tokens, wholeNumber('--length', values.length, 1), values.only);
      return;
    case 'quantized':
      await benchQuantized({ rounds, tokens });
      return;
    case 'profile':
      await profileEngine({
        rounds,
        tokens,
        model: values.model,
        layer: wholeNumber('--layer', values.layer, 0),
      });
      return;
    case 'streaming':
      await benchStreaming({ rounds, tokens, layer: wholeNumber('--layer', values.layer, 0) });
      return;
    case 'mesh':
      await runMesh(rounds, values.only, values.quick);
      return;
    default:
      throw new Error(
        `there is no benchmark "${name}": there are all, engine, models, variants, counts, limits, peers, profile, quantized, streaming and mesh`,
      );
  }
}

/** Loaded only here: the peers take their time to load, and look at the globals as they do. */
async function runPeers(
  rounds: number,
  tokens: number,
  length: number,
  only: string | undefined,
): Promise<void> {
  const { benchPeers, PEERS } = await import('./peers/run.ts');
  await benchPeers({ rounds, tokens, length, only: partOf('peers', PEERS, only) });
}

/** Loaded by a name that a bundler does not follow: the bundle for a bare GPU machine has no mesh. */
async function runMesh(rounds: number, only: string | undefined, quick: boolean): Promise<void> {
  const module = new URL('mesh/run.js', import.meta.url).href;
  const { benchMesh, MESH_PARTS } = (await import(module)) as typeof Mesh;
  await benchMesh({ only: partOf('mesh', MESH_PARTS, only), rounds, quick });
}

/** What --only names; undefined for all. */
function partOf<T extends string>(
  benchmark: string,
  parts: readonly T[],
  only: string | undefined,
): T | undefined {
  const part = parts.find((one) => one === only);
  if (only === undefined || part !== undefined) return part;
  throw new Error(`${benchmark} has no part "${only}": there are ${parts.join(', ')}`);
}

function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new Error(`${option} is "${text}", expected a whole number of at least ${least}`);
}

try {
  await main();
} catch (error) {
  reportFailure(error);
  process.exitCode = 1;
}
