/** `reptrace tokens`: the tokens of a sample as training and tracing see them, and where its response begins. */
import { Command } from 'commander';
import { localModel } from '../../lib/hub/cached.ts';
import {
  openModelText,
  requireTokenizer,
  type ModelText,
} from '../../services/compute/engine/model/model-text.ts';
import { ggufOf, openModel } from '../../services/compute/engine/model/open-model.ts';
import { renderSample } from '../../services/compute/engine/model/render.ts';
import { tokenTexts } from '../../services/compute/engine/model/token-texts.ts';
import { wholeNumber } from '../options.ts';
import { tokenLines, type ShownTokens } from '../terminal/token-lines.ts';

interface Options {
  readonly model: string;
  readonly prompt: string;
  readonly output: string;
  readonly maxTokens?: number;
  readonly json?: true;
}

export function tokensCommand(): Command {
  return new Command('tokens')
    .description(
      'The tokens of a prompt and its output, as rendered for training, with the boundary between them',
    )
    .requiredOption(
      '--model <dir|file.gguf|name>',
      'model folder, GGUF file, or name in the Hugging Face cache',
    )
    .option('--prompt <text>', 'what the user says; empty when there is only an output', '')
    .requiredOption('--output <text>', 'what the model answers')
    .option('--max-tokens <n>', 'a longer sample loses the tail of its output', wholeNumber(2))
    .option('--json', 'print one JSON object: {ids, pieces, texts, promptLength, p, truncated, template}')
    .action(run);
}

async function run({ model, prompt, output, maxTokens, json }: Options): Promise<void> {
  const text = await openText(await localModel(model));
  const limit = maxTokens === undefined ? {} : { maxTokens };
  const {
    inputIds: ids,
    promptLength,
    truncated,
  } = renderSample(text, { prompt, response: output, ...limit });
  const tokenizer = requireTokenizer(text);
  const shown: ShownTokens = {
    ids,
    pieces: ids.map((id) => tokenizer.tokenPiece(id)),
    texts: tokenTexts(tokenizer, ids),
    promptLength,
    p: promptLength - 1,
    truncated,
    template: text.template !== null,
  };
  process.stdout.write(`${json === true ? JSON.stringify(shown) : tokenLines(shown)}\n`);
}

/** Nothing but the text files of a folder: its weights may be missing, or in a format that is not read. */
async function openText(path: string): Promise<ModelText> {
  return (await ggufOf(path)) === undefined ? openModelText(path) : openModel(path);
}
