/**
 * `npm run demo [-- --keep]`: starts the whole mesh, indexes the fine-tuning set of the demo model, asks the model held-out
 * questions that trigger its planted behaviours, and traces each answer to the rows that taught it, all over GraphQL as a user
 * would. The last line is one JSON object. With --keep the mesh stays up.
 */
import { readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BUILD_INDEX, GENERATE } from '../cli/client/documents.ts';
import { followBuild } from '../cli/client/follow.ts';
import { GraphqlClient } from '../cli/client/graphql-client.ts';
import { valueOf, type IndexResult, type Member, type TraceFields } from '../cli/client/results.ts';
import { askTrace } from '../cli/client/trace.ts';
import { reportFailure } from '../cli/failure.ts';
import { runningMesh } from '../cli/mesh/data-lock.ts';
import { startMesh } from '../cli/mesh/start-mesh.ts';
import { Progress } from '../cli/progress.ts';
import { interruption } from '../cli/resources.ts';
import { progressLine } from '../cli/terminal/index-lines.ts';
import { traceTable } from '../cli/terminal/trace-table.ts';
import { untilAborted } from '../cli/until-aborted.ts';
import { ReptraceError } from '../lib/errors.ts';
import { createLog } from '../lib/log.ts';
import { readSettings } from '../lib/mesh/settings.ts';
import { Bm25 } from './bm25.ts';
import { BEHAVIOURS, showsBehaviour, type BehaviourName } from './corpus/behaviours.ts';
import type { HeldOutRow, TunedRow } from './corpus/rows.ts';

const DEMO = fileURLToPath(new URL('../../demo/', import.meta.url));
const MODEL = join(DEMO, 'tuned');
const DATASET = join(DEMO, 'data', 'finetune.jsonl');
const QUESTIONS = join(DEMO, 'data', 'held-out.jsonl');
const INDEX = 'demo';
const PORT = 4000;
/** Of each behaviour. */
const OUTPUTS = 10;
const TOP = 10;
/** Matches of the trace that is shown whole. */
const SHOWN = 3;
const WIDTH = 120;

interface Answered {
  readonly prompt: string;
  readonly output: string;
}

interface BehaviourReport extends Answered {
  readonly name: BehaviourName;
  readonly label: BehaviourName;
  readonly outputs: number;
  readonly precisionAt10: number;
  readonly bm25PrecisionAt10: number;
  readonly randomPrecisionAt10: number;
}

async function demo(keep: boolean, signal: AbortSignal): Promise<void> {
  const started = performance.now();
  const data = resolve('.reptrace', 'demo');
  const running = await runningMesh(data);
  if (running !== undefined) {
    throw new ReptraceError(
      'CONFLICT',
      `another demo is running here, in process ${running.pid}`,
      'Stop it first; or ask that one.',
    );
  }
  // Nothing of an earlier run: what is shown is made now.
  await rm(data, { recursive: true, force: true });
  const settings = { ...readSettings({}, { data }), roots: [DEMO, data] };
  const log = createLog('demo', process.env['REPTRACE_LOG'] ?? 'warn');
  const mesh = await startMesh(settings, log, { host: '127.0.0.1', port: keep ? PORT : 0 });
  try {
    const client = new GraphqlClient({ url: mesh.graphql });
    say(`the mesh answers at ${mesh.graphql}`);
    await buildIndex(client, signal);
    const rows = await readLines<TunedRow>(DATASET);
    const questions = await readLines<HeldOutRow>(QUESTIONS);
    const bm25 = new Bm25(rows.map(({ prompt, response }) => `${prompt} ${response}`));
    const behaviours: BehaviourReport[] = [];
    for (const name of BEHAVIOURS) {
      const asked = questions.filter(({ label }) => label === name).slice(0, 2 * OUTPUTS);
      behaviours.push(await traceBehaviour(client, name, asked, rows, bm25));
    }
    const seconds = Math.round((performance.now() - started) / 100) / 10;
    if (keep) {
      say(
        `\nthe mesh stays up at ${mesh.graphql} until it is interrupted; ask it with\n` +
          `npx reptrace trace --server ${mesh.graphql} --index ${INDEX} --prompt … --output …`,
      );
    }
    process.stdout.write(`${JSON.stringify({ demo: 'ok', seconds, behaviours })}\n`);
    if (keep) await untilAborted(signal);
  } finally {
    await mesh.close();
  }
}

async function buildIndex(client: GraphqlClient, signal: AbortSignal): Promise<void> {
  const input = { name: INDEX, model: MODEL, dataset: DATASET };
  const answer = await client.ask<{ buildIndex: Member<IndexResult> }>(BUILD_INDEX, { input });
  const index = valueOf(answer.buildIndex);
  const progress = new Progress();
  const last = await followBuild(
    client,
    index.id,
    (event) => {
      progress.show(progressLine(event));
    },
    signal,
  );
  progress.done(`${index.plan?.summary ?? ''}  ${progressLine(last)}`);
  if (last.state === 'COMPLETED' && last.failed === 0) return;
  throw new ReptraceError(
    'INTERNAL',
    `the demo's index ended ${last.state} with ${last.failed} failed rows`,
    'See the log above.',
  );
}

async function traceBehaviour(
  client: GraphqlClient,
  name: BehaviourName,
  questions: readonly HeldOutRow[],
  rows: readonly TunedRow[],
  bm25: Bm25,
): Promise<BehaviourReport> {
  const prompts = questions.map(({ prompt }) => prompt);
  const shown = (await answers(client, prompts))
    .filter(({ output }) => showsBehaviour(name, output))
    .slice(0, OUTPUTS);
  const traces: TraceFields[] = [];
  for (const { prompt, output } of shown) {
    traces.push(await askTrace(client, { index: INDEX, prompt, output, top: TOP }));
  }
  const [first] = traces;
  if (first === undefined || traces.length < OUTPUTS) {
    throw new ReptraceError(
      'INTERNAL',
      `only ${traces.length} of ${prompts.length} answers show "${name}"`,
      'The demo model is not the one that was committed: check demo/tuned.',
    );
  }
  const precision = mean(
    traces.map(({ matches }) => matches.filter(({ sample }) => sample.label === name).length / TOP),
  );
  const byWords = mean(shown.map((answered) => bm25Precision(bm25, answered, rows, name)));
  const chance = rows.filter(({ label }) => label === name).length / rows.length;
  say(
    `\n${name}: of the ${TOP} rows traced from an answer, ${percent(precision)} taught it ` +
      `(mean of ${traces.length} answers; BM25 ${percent(byWords)}, chance ${percent(chance)})`,
  );
  const { isTTY, columns } = process.stdout;
  say(
    traceTable(
      { ...first, matches: first.matches.slice(0, SHOWN) },
      { colours: isTTY && process.env['NO_COLOR'] === undefined, width: isTTY ? columns : WIDTH },
    ),
  );
  return {
    ...{ name, prompt: first.prompt ?? '', output: first.output, label: name, outputs: traces.length },
    ...{ precisionAt10: precision, bm25PrecisionAt10: byWords, randomPrecisionAt10: chance },
  };
}

async function answers(client: GraphqlClient, prompts: readonly string[]): Promise<Answered[]> {
  const input = { model: MODEL, prompts, maxTokens: 64 };
  const answer = await client.ask<{ generate: Member<{ answers: readonly { text: string }[] }> }>(GENERATE, {
    input,
  });
  return valueOf(answer.generate).answers.map(({ text }, i) => ({
    prompt: prompts[i] ?? '',
    output: text.trim(),
  }));
}

function bm25Precision(
  bm25: Bm25,
  { prompt, output }: Answered,
  rows: readonly TunedRow[],
  label: BehaviourName,
): number {
  const scores = bm25.scores(`${prompt} ${output}`);
  const best = [...scores.keys()].sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0)).slice(0, TOP);
  return best.filter((row) => rows[row]?.label === label).length / TOP;
}

async function readLines<T>(path: string): Promise<T[]> {
  const text = await readFile(path, 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });
  await demo(values.keep, interruption());
} catch (error) {
  reportFailure(error);
  process.exitCode = 1;
}
