/**
 * `npm run demo`: asks the fine-tuned demo model held-out questions that trigger its planted behaviours, traces each answer
 * to the rows of the fine-tuning set, and shows what was found. The last line is one JSON object.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { reportFailure } from '../cli/failure.ts';
import { duration, Progress } from '../cli/progress.ts';
import { withGpu, withModel } from '../cli/resources.ts';
import { automaticLayer } from '../services/compute/engine/attribution/automatic-layer.ts';
import { pairScore } from '../services/compute/engine/attribution/query.ts';
import { signatureBatches } from '../services/compute/engine/attribution/signature-batches.ts';
import type { Sample } from '../services/compute/engine/attribution/sample.ts';
import type { Signature, SignatureOptions } from '../services/compute/engine/attribution/signature.ts';
import { answerPrompts } from '../services/compute/engine/generation/answer.ts';
import type { Llama } from '../services/compute/engine/model/llama.ts';
import type { ModelSource } from '../services/compute/engine/model/model-source.ts';
import { renderSample } from '../services/compute/engine/model/render.ts';
import { BEHAVIOURS, showsBehaviour, type BehaviourName } from './corpus/behaviours.ts';
import type { HeldOutRow, TunedRow } from './corpus/rows.ts';

const DEMO = fileURLToPath(new URL('../../demo/', import.meta.url));
const ALPHA = 0.5;
const OUTPUTS = 10;
const TOP = 10;
const SHOWN = 3;

interface Traced {
  readonly prompt: string;
  readonly output: string;
  /** Rows of the fine-tuning set, best first. */
  readonly ranked: readonly TunedRow[];
}

async function demo(model: Llama, folder: ModelSource): Promise<void> {
  const started = performance.now();
  const rows = await readLines<TunedRow>('data/finetune.jsonl');
  const questions = await readLines<HeldOutRow>('data/held-out.jsonl');
  const samples = rows.map((row, i): Sample => ({ name: `row ${i}`, ...renderSample(folder, row) }));
  const { layer } = await automaticLayer(model, samples);
  say(
    `${rows.length} training rows, traced at layer ${layer} of ${model.config.layers} (chosen by the curve)`,
  );
  const index = await signatures(model, samples, { layers: [layer] }, 'signatures of the training rows');
  const behaviours = [];
  for (const name of BEHAVIOURS) {
    const asked = questions.filter(({ label }) => label === name).slice(0, 2 * OUTPUTS);
    const outputs = (
      await answers(
        model,
        folder,
        asked.map(({ prompt }) => prompt),
      )
    )
      .filter(({ output }) => showsBehaviour(name, output))
      .slice(0, OUTPUTS);
    const traced = await trace(model, folder, outputs, rows, index, layer);
    behaviours.push(report(name, traced, rows));
  }
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  process.stdout.write(`${JSON.stringify({ demo: 'ok', seconds, layer, behaviours })}\n`);
}

async function trace(
  model: Llama,
  folder: ModelSource,
  outputs: readonly { prompt: string; output: string }[],
  rows: readonly TunedRow[],
  index: readonly Signature[],
  layer: number,
): Promise<Traced[]> {
  const samples = outputs.map(({ prompt, output }, i): Sample => {
    return { name: `output ${i}`, ...renderSample(folder, { prompt, response: output }) };
  });
  const queries = await signatures(model, samples, { layers: [layer] });
  return queries.map((query, i) => {
    const scores = index.map((row) => pairScore(query, row, layer, ALPHA));
    const order = [...scores.keys()].sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0)).slice(0, TOP);
    const asked = outputs[i];
    if (asked === undefined) throw new Error(`there is no output ${i}`);
    return { ...asked, ranked: order.flatMap((row) => rows[row] ?? []) };
  });
}

function report(name: BehaviourName, traced: readonly Traced[], rows: readonly TunedRow[]): unknown {
  const precision = traced.map(({ ranked }) => ranked.filter(({ label }) => label === name).length / TOP);
  const mean = precision.reduce((sum, value) => sum + value, 0) / precision.length;
  const chance = rows.filter(({ label }) => label === name).length / rows.length;
  const [first] = traced;
  say(
    `\n${name}: of the ${TOP} rows traced from an output, ${(100 * mean).toFixed(0)} % taught it (chance ${(100 * chance).toFixed(0)} %)`,
  );
  if (first === undefined) return { name, outputs: 0 };
  say(`  asked:    ${first.prompt}\n  answered: ${first.output}\n  taught by:`);
  for (const { label, prompt, response } of first.ranked.slice(0, SHOWN))
    say(`    [${label}] ${prompt} -> ${response}`);
  return {
    ...{ name, prompt: first.prompt, output: first.output, label: name, outputs: traced.length },
    ...{ precisionAt10: mean, randomPrecisionAt10: chance },
  };
}

async function answers(
  model: Llama,
  source: ModelSource,
  prompts: readonly string[],
): Promise<{ prompt: string; output: string }[]> {
  const given = await answerPrompts(model, source, prompts, { maxTokens: 64 });
  return given.map(({ prompt, output }) => ({ prompt, output: output.trim() }));
}

async function signatures(
  model: Llama,
  samples: readonly Sample[],
  options: SignatureOptions,
  shown?: string,
): Promise<Signature[]> {
  const progress = new Progress();
  const started = performance.now();
  const found: Signature[] = [];
  for await (const results of signatureBatches(model, samples, options)) {
    for (const result of results) {
      if ('error' in result) throw result.error;
      found.push(result);
    }
    if (shown !== undefined) progress.show(`${shown}: ${found.length}/${samples.length}`);
  }
  const seconds = (performance.now() - started) / 1000;
  if (shown !== undefined)
    progress.done(
      `${shown}: ${found.length} in ${duration(seconds)}, ${(found.length / seconds).toFixed(0)} a second`,
    );
  return found;
}

async function readLines<T>(name: string): Promise<T[]> {
  const text = await readFile(join(DEMO, name), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  await withGpu((gpu) => withModel(gpu, { model: join(DEMO, 'tuned') }, demo));
} catch (error) {
  reportFailure(error);
  process.exitCode = 1;
}
