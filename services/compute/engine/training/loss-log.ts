/** The loss log of a run: one JSON line a step, OUT/losses.jsonl. Resuming drops the lines after the checkpoint. */
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessAbsent } from '../../../../lib/absent.ts';

export interface LossLine {
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly rate: number;
  readonly tokens: number;
}

export class LossLog {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Opens the log of a run that has `steps` steps behind it; lines of later ones are dropped. */
  static async open(out: string, steps: number): Promise<LossLog> {
    const path = join(out, 'losses.jsonl');
    const lines = steps === 0 ? [] : parse(await unlessAbsent(readFile(path, 'utf8'), ''));
    const kept = lines.filter(({ step }) => step <= steps);
    await writeFile(path, kept.map((line) => `${JSON.stringify(line)}\n`).join(''));
    return new LossLog(path);
  }

  async add(line: LossLine): Promise<void> {
    await appendFile(this.#path, `${JSON.stringify(line)}\n`);
  }
}

/** Whole lines only: a killed run may leave half of one. */
function parse(text: string): LossLine[] {
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as LossLine];
    } catch {
      return [];
    }
  });
}
