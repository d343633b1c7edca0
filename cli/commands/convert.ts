/** `reptrace convert`: writes a model, be it GGUF or with an adapter, as a Hugging Face folder. */
import { Command, Option } from 'commander';
import { convertModel } from '../../services/compute/engine/model/convert/convert-model.ts';
import type { DType } from '../../services/compute/engine/model/dtype.ts';
import { wholeNumber } from '../options.ts';
import { StrictCommand } from '../strict-command.ts';
import { Progress } from '../progress.ts';
import { interruption, openChoice, type ModelChoice } from '../resources.ts';
import { byteCount, transferLine } from '../terminal/bytes.ts';

interface Options extends ModelChoice {
  readonly out: string;
  readonly dtype?: 'f32' | 'f16' | 'bf16';
  readonly shardBytes?: number;
  readonly json?: true;
}

export function convertCommand(): Command {
  return new StrictCommand('convert')
    .description('Write a model as a Hugging Face folder: GGUF widened, an adapter merged')
    .requiredOption(
      '--model <dir|file.gguf|name>',
      'model folder, GGUF file, or name in the Hugging Face cache',
    )
    .option('--adapter <dir|name>', 'PEFT LoRA adapter to merge into it')
    .requiredOption('--out <dir>', 'the folder to make')
    .addOption(
      new Option(
        '--dtype <type>',
        'stored precision (default: the one that all tensors have, else f32, so that nothing is lost)',
      ).choices(['f32', 'f16', 'bf16']),
    )
    .option('--shard-bytes <n>', 'bytes of one weight file at most (default: 5000000000)', wholeNumber(1))
    .option('--json', 'print one JSON object: {out, dtype, tensors, bytes, files, hasTokenizer}')
    .action(run);
}

async function run(options: Options): Promise<void> {
  const { out, dtype, shardBytes, json } = options;
  const source = await openChoice(options);
  const progress = new Progress();
  const started = performance.now();
  const converted = await convertModel(source, {
    ...{ out, shardBytes, dtype: dtype?.toUpperCase() as DType | undefined },
    signal: interruption(),
    onProgress: (done, total) => {
      progress.show(transferLine('written', done, total, done / ((performance.now() - started) / 1000)));
    },
  });
  const { tensors, bytes } = converted;
  progress.done(`${tensors} tensors, ${byteCount(bytes)} in ${converted.dtype.toLowerCase()}`);
  if (!converted.hasTokenizer) {
    process.stderr.write(
      'note: no tokenizer.json lies beside the model, so none is in the folder; copy the original model’s into it\n',
    );
  }
  process.stdout.write(`${json === true ? JSON.stringify({ out, ...converted }) : out}\n`);
}
