/**
 * `npm run bench [-- engine | profile] [--runs n] [--tokens n] [--model name] [--layer l]`, from the repository root.
 * Also the entry of the bundle for a bare GPU machine (bench/README.md).
 */
import { parseArgs } from 'node:util';
import { reportFailure } from '../cli/failure.ts';
import { benchEngine } from './engine/run.ts';
import { profileEngine } from './profile/run.ts';

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      runs: { type: 'string', default: '7' },
      tokens: { type: 'string', default: '512' },
      model: { type: 'string' },
      layer: { type: 'string', default: '1' },
    },
  });
  const rounds = wholeNumber('--runs', values.runs, 1);
  const tokens = wholeNumber('--tokens', values.tokens, 16);
  const [name = 'engine'] = positionals;
  switch (name) {
    case 'engine':
      await benchEngine({ rounds, tokens });
      return;
    case 'profile':
      await profileEngine({
        rounds,
        tokens,
        model: values.model,
        layer: wholeNumber('--layer', values.layer, 0),
      });
      return;
    default:
      throw new Error(`there is no benchmark "${name}": there are engine and profile`);
  }
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
