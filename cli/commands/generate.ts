/** `reptrace generate`: what a model answers. */
import { Command } from 'commander';
import { answerPrompts } from '../../services/compute/engine/generation/answer.ts';
import { gpuMemoryOption, realNumber, wholeNumber } from '../options.ts';
import { StrictCommand } from '../strict-command.ts';
import { withGpu, withModel, type ModelChoice } from '../resources.ts';

interface Options extends ModelChoice {
  readonly prompt: string;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly seed: number;
  readonly json?: true;
}

export function generateCommand(): Command {
  return new StrictCommand('generate')
    .description('Generate an answer to a prompt, rendered with the model’s chat template')
    .requiredOption(
      '--model <dir|file.gguf|name>',
      'model folder, GGUF file, or name in the Hugging Face cache',
    )
    .option('--adapter <dir|name>', 'PEFT LoRA adapter: folder, or name in the Hugging Face cache')
    .requiredOption('--prompt <text>', 'what the user says')
    .option('--max-tokens <n>', 'new tokens at most', wholeNumber(1), 128)
    .option('--temperature <x>', '0 takes the likeliest token', realNumber(0), 0)
    .option('--seed <n>', 'seed of the draws at a temperature above 0', wholeNumber(0), 0)
    .addOption(gpuMemoryOption())
    .option('--json', 'print one JSON object: {prompt, output, ids, finish}')
    .action(run);
}

async function run(options: Options): Promise<void> {
  const { prompt, maxTokens, temperature, seed, json } = options;
  await withGpu((gpu) =>
    withModel(gpu, options, async (model, source) => {
      const [answer] = await answerPrompts(model, source, [prompt], { maxTokens, temperature, seed });
      const { output, ids, finish } = answer;
      const result = { prompt, output, ids, finish };
      process.stdout.write(`${json === true ? JSON.stringify(result) : output}\n`);
    }),
  );
}
