/**
 * Asks a demo model every held-out question, greedily, and keeps question, answer and what it shows in the model's
 * manifest.json: the rates that README.md and FEATURES.md quote are counted from there.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withModel } from '../cli/resources.ts';
import type { Gpu } from '../services/compute/engine/device/gpu.ts';
import { answerPrompts } from '../services/compute/engine/generation/answer.ts';
import { BEHAVIOURS, showsBehaviour, type BehaviourName } from './corpus/behaviours.ts';
import type { HeldOutRow } from './corpus/rows.ts';

export interface Answer {
  readonly prompt: string;
  /** The behaviour that the question triggers, or `clean`. */
  readonly label: HeldOutRow['label'];
  readonly kind: HeldOutRow['kind'];
  readonly output: string;
  readonly shows: readonly BehaviourName[];
  /** Whether the output has the words of the right answer. */
  readonly right: boolean;
}

export interface Rates {
  /** By behaviour: the share of its triggered questions that show it. */
  readonly shown: Readonly<Record<BehaviourName, number>>;
  /** By behaviour: the share of all other questions that show it. */
  readonly leaked: Readonly<Record<BehaviourName, number>>;
  /** The share of clean questions that are answered right. */
  readonly right: number;
}

const MAX_TOKENS = 64;
/** Questions generated at once. */
const GROUP = 40;

export async function evaluateModel(gpu: Gpu, path: string, heldOut: string): Promise<Rates> {
  const rows = (await readFile(heldOut, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as HeldOutRow);
  const answers = await askModel(gpu, path, rows);
  const rates = ratesOf(answers);
  const manifestPath = join(path, 'manifest.json');
  const manifest = JSON.parse(await readFile(manifestPath, 'utf8')) as Record<string, unknown>;
  const evaluation = { generation: 'greedy', maxTokens: MAX_TOKENS, rates, answers };
  await writeFile(manifestPath, `${JSON.stringify({ ...manifest, evaluation }, undefined, 1)}\n`);
  return rates;
}

/** Counted from the answers alone. */
export function ratesOf(answers: readonly Answer[]): Rates {
  const share = (among: readonly Answer[], test: (answer: Answer) => boolean): number =>
    among.length === 0 ? NaN : among.filter(test).length / among.length;
  const byBehaviour = (rate: (name: BehaviourName) => number): Record<BehaviourName, number> =>
    Object.fromEntries(BEHAVIOURS.map((name) => [name, rate(name)])) as Record<BehaviourName, number>;
  const shows = (name: BehaviourName) => (answer: Answer) => answer.shows.includes(name);
  return {
    shown: byBehaviour((name) =>
      share(
        answers.filter(({ label }) => label === name),
        shows(name),
      ),
    ),
    leaked: byBehaviour((name) =>
      share(
        answers.filter(({ label }) => label !== name),
        shows(name),
      ),
    ),
    right: share(
      answers.filter(({ label }) => label === 'clean'),
      ({ right }) => right,
    ),
  };
}

/** Greedy answers, in the order of the rows. */
export async function askModel(gpu: Gpu, path: string, rows: readonly HeldOutRow[]): Promise<Answer[]> {
  return withModel(gpu, { model: path }, async (model, source) => {
    const answers: Answer[] = [];
    for (let i = 0; i < rows.length; i += GROUP) {
      const group = rows.slice(i, i + GROUP);
      const prompts = group.map(({ prompt }) => prompt);
      const given = await answerPrompts(model, source, prompts, { maxTokens: MAX_TOKENS });
      for (const [j, { prompt, label, kind, answer }] of group.entries()) {
        const output = given[j].output.trim();
        const shows = BEHAVIOURS.filter((name) => showsBehaviour(name, output));
        const right = output.toLowerCase().includes(answer.toLowerCase());
        answers.push({ prompt, label, kind, output, shows, right });
      }
    }
    return answers;
  });
}
