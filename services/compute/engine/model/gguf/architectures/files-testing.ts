/** Converted files of the tiny models, changed and opened, for tests of their architectures. */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sharedPath } from '../../../../../../test/shared.ts';
import type { ModelSource } from '../../model-source.ts';
import { openModel } from '../../open-model.ts';
import { convertedParts, withMetadata } from '../converter-testing.ts';
import { writeGguf, type GgufParts } from '../testing.ts';

export type Change = Readonly<Record<string, unknown>>;

/** A temporary folder for them. */
export class ConvertedFiles {
  readonly #scratch: string;
  #count = 0;

  private constructor(scratch: string) {
    this.#scratch = scratch;
  }

  static async make(): Promise<ConvertedFiles> {
    return new ConvertedFiles(await mkdtemp(join(tmpdir(), 'reptrace-architectures-')));
  }

  remove(): Promise<void> {
    return rm(this.#scratch, { recursive: true });
  }

  /** @param configBeside config.json, or the tiny model that has it */
  async opened(parts: GgufParts, configBeside?: string | object): Promise<ModelSource> {
    const dir = join(this.#scratch, String(this.#count++));
    await mkdir(dir);
    await writeFile(join(dir, 'm.gguf'), writeGguf(parts));
    const config = join(dir, 'config.json');
    if (typeof configBeside === 'string') await copyFile(join(tiny(configBeside), 'config.json'), config);
    else if (configBeside !== undefined) await writeFile(config, JSON.stringify(configBeside));
    return openModel(dir, { quantized: 'keep' });
  }

  /** A tiny model's file with some metadata changed; undefined leaves a key out. */
  async changed(name: string, change: Change, configBeside?: string | object): Promise<ModelSource> {
    return this.opened(withMetadata(await convertedParts(tiny(name), 'F16'), change), configBeside);
  }
}

export function tiny(name: string): string {
  return sharedPath(`models/tiny-random/${name}`);
}

/** A tiny model's config.json, changed. */
export async function changedJson(name: string, change: object): Promise<object> {
  const text = await readFile(join(tiny(name), 'config.json'), 'utf8');
  return { ...(JSON.parse(text) as object), ...change };
}
