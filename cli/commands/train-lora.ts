/** The options of `reptrace train` that make it train a LoRA adapter: each of them does, or `--lora` alone. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { MAX_RANK } from '../../services/compute/engine/model/lora/adapter-config.ts';
import {
  ALL_LINEAR,
  type LoraTrainingSettings,
} from '../../services/compute/engine/training/lora/settings.ts';
import { realNumber, wholeNumber } from '../options.ts';

export interface LoraOptions {
  readonly lora?: true;
  readonly loraRank: number;
  readonly loraAlpha?: number;
  readonly loraDropout: number;
  readonly loraTargets: LoraTrainingSettings['targets'];
  readonly rslora?: true;
}

export function addLoraOptions(command: Command): Command {
  const option = (flags: string, description: string): Option =>
    new Option(flags, description).implies({ lora: true });
  return command
    .option(
      '--lora',
      'train a LoRA adapter for the model of --init, which stays as it is; any of the next options implies it',
    )
    .addOption(
      option('--lora-rank <n>', `width of the two factors, 1 to ${MAX_RANK}`)
        .argParser(wholeNumber(1))
        .default(8),
    )
    .addOption(
      option('--lora-alpha <x>', 'B·A counts alpha / rank times (default: twice the rank)').argParser(
        realNumber(0),
      ),
    )
    .addOption(
      option('--lora-dropout <x>', 'share of the adapted layers’ inputs that a step drops')
        .argParser(realNumber(0))
        .default(0),
    )
    .addOption(
      option('--lora-targets <names>', 'modules to adapt, such as q_proj,v_proj; or all-linear')
        .argParser(targets)
        .default(ALL_LINEAR),
    )
    .addOption(option('--rslora', 'alpha / sqrt(rank) in its place'));
}

/** Undefined: the model itself is trained. */
export function loraOf(options: LoraOptions): LoraTrainingSettings | undefined {
  if (options.lora !== true) return undefined;
  const { loraRank: rank, loraAlpha: alpha = 2 * rank, loraDropout: dropout } = options;
  return { rank, alpha, dropout, rslora: options.rslora === true, targets: options.loraTargets };
}

function targets(text: string): LoraTrainingSettings['targets'] {
  if (text === ALL_LINEAR) return ALL_LINEAR;
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => name !== '')) return [...new Set(names)];
  throw new InvalidArgumentError('expected names of modules with commas between them, or all-linear');
}
