/** Makes the demo's committed data files and the tokenizer, and the base corpus where a path for it is given. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { baseCorpus } from './corpus/base.ts';
import { fineTuningSet } from './corpus/finetune.ts';
import { heldOutQuestions } from './corpus/held-out.ts';
import { writeJsonl } from './corpus/write.ts';
import { CONTEXT, DATA, VOCABULARY } from './recipe.ts';
import { FIXED_TOKENS, tokenizerConfigJson, tokenizerJson } from './tokenizer/tokenizer-files.ts';
import { rendered } from './tokenizer/rendered.ts';
import { trainBpe } from './tokenizer/train-bpe.ts';

/** The two files of `demo/data`. */
export async function writeDemoData(folder: string): Promise<void> {
  await writeJsonl(join(folder, 'finetune.jsonl'), fineTuningSet(DATA.fineTuning.seed));
  await writeJsonl(join(folder, 'held-out.jsonl'), heldOutQuestions(DATA.heldOut.seed));
}

/** The tokenizer's files, trained on the base corpus as the model reads it. */
export async function writeTokenizer(folder: string): Promise<void> {
  const texts = baseCorpus(DATA.base.seed, DATA.base.rows).map(rendered);
  const merges = trainBpe(texts, VOCABULARY - FIXED_TOKENS);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'tokenizer.json'), `${JSON.stringify(tokenizerJson(merges), null, 2)}\n`);
  await writeFile(
    join(folder, 'tokenizer_config.json'),
    `${JSON.stringify(tokenizerConfigJson(CONTEXT), null, 2)}\n`,
  );
}

/** The base corpus, which is not committed. */
export async function writeBaseCorpus(path: string): Promise<void> {
  await writeJsonl(path, baseCorpus(DATA.base.seed, DATA.base.rows));
}
