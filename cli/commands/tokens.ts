/** `reptrace tokens`: the tokens of a sample as training and tracing see them, and where its response begins. */
import type { Command } from 'commander';
import { localModel } from '../../lib/hub/cached.ts';
import { ReptraceError } from '../../lib/errors.ts';
import {
  openModelText,
  requireTokenizer,
  type ModelText,
} from '../../services/compute/engine/model/model-text.ts';
import { ggufOf, openModel } from '../../services/compute/engine/model/open-model.ts';
import { renderSample, type Sample } from '../../services/compute/engine/model/render.ts';
import { tokenTexts } from '../../services/compute/engine/model/token-texts.ts';
import { droppedTurns } from '../dropped-turns.ts';
import { readMessages } from '../messages.ts';
import { wholeNumber } from '../options.ts';
import { StrictCommand } from '../strict-command.ts';
import { tokenLines, type ShownTokens } from '../terminal/token-lines.ts';

interface Options {
  readonly model: string;
  readonly prompt?: string;
  readonly messages?: string;
  readonly output: string;
  readonly maxTokens?: number;
  readonly json?: true;
}

export function tokensCommand(): Command {
  return new StrictCommand('tokens')
    .description(
      'The tokens of a prompt and its output, as rendered for training, with the boundary between them',
    )
    .requiredOption(
      '--model <dir|file.gguf|name>',
      'model folder, GGUF file, or name in the Hugging Face cache',
    )
    .option('--prompt <text>', 'what the user says; empty when there is only an output')
    .option(
      '--messages <file.json>',
      'the conversation before the output: a list of {role, content}; without --prompt its last turn is the prompt',
    )
    .requiredOption('--output <text>', 'what the model answers')
    .option('--max-tokens <n>', 'a longer sample loses the tail of its output', wholeNumber(2))
    .option('--json', 'print one JSON object: {ids, pieces, texts, promptLength, p, truncated, template}')
    .action(run);
}

async function run({ model, output, maxTokens, json, ...asked }: Options): Promise<void> {
  const { context, prompt } = await questionOf(asked);
  const text = await openText(await localModel(model));
  const limit = maxTokens === undefined ? {} : { maxTokens };
  const sample = { context, prompt, response: output };
  const { inputIds: ids, promptLength, truncated } = renderSample(text, { ...sample, ...limit });
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
  for (const { number, role } of droppedTurns(text, sample)) {
    process.stderr.write(
      `warning: the model's chat template drops turn ${number} (${role}): its text is nowhere in the rendering\n`,
    );
  }
}

/** As a trace takes them: where there is no prompt, the last turn is it. */
async function questionOf({
  prompt,
  messages,
}: Pick<Options, 'prompt' | 'messages'>): Promise<Required<Pick<Sample, 'context' | 'prompt'>>> {
  const turns = messages === undefined ? [] : await readMessages(messages);
  if (prompt !== undefined) return { context: turns, prompt };
  const last = turns.at(-1);
  if (last === undefined) return { context: [], prompt: '' };
  if (last.role === 'user') return { context: turns.slice(0, -1), prompt: last.content };
  throw new ReptraceError(
    'INPUT_INVALID',
    `there is no prompt, and the last turn of ${JSON.stringify(messages)} is of the ${last.role}`,
    'Give --prompt, or end the messages with what the user asked; what was answered is --output.',
  );
}

/** Nothing but the text files of a folder: its weights may be missing, or in a format that is not read. */
async function openText(path: string): Promise<ModelText> {
  return (await ggufOf(path)) === undefined ? openModelText(path) : openModel(path);
}
