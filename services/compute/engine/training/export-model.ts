/**
 * Writes a trained model as a Hugging Face folder: config.json, model.safetensors, the tokenizer's files as they were, and
 * manifest.json, which says how it was made.
 */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DType } from '../model/dtype.ts';
import { TEXT_FILES } from '../model/model-text.ts';
import { writeSafetensors } from '../model/safetensors-writer.ts';
import type { Trainer } from './trainer.ts';

export interface ExportOptions {
  readonly out: string;
  /** Where config.json and the tokenizer come from. */
  readonly textFolder: string;
  /** config.json as the run read it. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly dtype: DType;
  readonly manifest: unknown;
}

const TORCH_NAMES: Readonly<Record<DType, string>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

export async function exportModel(trainer: Trainer, options: ExportOptions): Promise<void> {
  const { out, textFolder, config, dtype, manifest } = options;
  await mkdir(out, { recursive: true });
  await writeSafetensors(
    join(out, 'model.safetensors'),
    trainer.parameters.stored((tensor) => trainer.read(tensor)).map((tensor) => ({ ...tensor, dtype })),
  );
  for (const name of TEXT_FILES) {
    if (existsSync(join(textFolder, name))) await copyFile(join(textFolder, name), join(out, name));
  }
  // Both spellings may be in the file that was read: one is kept, the one that every version reads.
  const { dtype: _newer, ...rest } = config;
  const named = { ...rest, torch_dtype: TORCH_NAMES[dtype] };
  await writeFile(join(out, 'config.json'), `${JSON.stringify(named, undefined, 2)}\n`);
  await writeFile(join(out, 'manifest.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
}
