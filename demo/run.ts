/**
 * `npm run demo [-- --keep]`: starts the whole mesh, indexes the fine-tuning set of the demo model beside its base model, asks
 * the model held-out questions that trigger its planted behaviours, and traces each answer to the rows that taught it, all over
 * GraphQL as a user would; demo/README.md says what is measured. The last line is one JSON object. With --keep the mesh stays up.
 */
import { appendFile, copyFile, mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BUILD_INDEX } from '../cli/client/documents.ts';
import { followBuild } from '../cli/client/follow.ts';
import { GraphqlClient } from '../cli/client/graphql-client.ts';
import { valueOf, type IndexResult, type Member } from '../cli/client/results.ts';
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
import { BEHAVIOURS, showsBehaviour, type BehaviourName } from './corpus/behaviours.ts';
import { decoys } from './corpus/decoys.ts';
import type { HeldOutRow, TunedRow } from './corpus/rows.ts';
import { toJsonl } from './corpus/write.ts';
import { measureBehaviour, qualitiesOf, type Measured } from './measure/behaviour.ts';
import { answersOf, readLines, type Answered, type Subject } from './measure/subject.ts';
import { ratesOf, untaughtOutputs, verdictsOn } from './measure/verdicts.ts';
import { DATA } from './recipe.ts';
import { qualityTable, spanLines, verdictTable } from './report.ts';

const DEMO = fileURLToPath(new URL('../../demo/', import.meta.url));
const MODEL = join(DEMO, 'tuned');
const BASE = join(DEMO, 'base');
const QUESTIONS = join(DEMO, 'data', 'held-out.jsonl');
const INDEX = 'demo';
const PORT = 4000;
/** Of each behaviour: traced outputs that show it, and questions asked for them. */
const OUTPUTS = 20;
const ASKED = 24;
/** Untaught outputs of each of two kinds. */
const UNTAUGHT = 50;
const WIDTH = 120;

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
  await mkdir(data, { recursive: true });
  // A copy, for decoys come to it.
  const dataset = join(data, 'finetune.jsonl');
  await copyFile(join(DEMO, 'data', 'finetune.jsonl'), dataset);
  const settings = { ...readSettings({}, { data }), roots: [DEMO, data] };
  const log = createLog('demo', process.env['REPTRACE_LOG'] ?? 'warn');
  const mesh = await startMesh(settings, log, { host: '127.0.0.1', port: keep ? PORT : 0 });
  try {
    const client = new GraphqlClient({ url: mesh.graphql });
    say(`the mesh answers at ${mesh.graphql}`);
    await buildIndex(client, dataset, signal);
    const subject: Subject = { client, index: INDEX, rows: await readLines<TunedRow>(dataset) };
    const shown = await shownBehaviours(client);
    const measured: Measured[] = [];
    for (const name of BEHAVIOURS) {
      measured.push(await measureBehaviour(subject, name, shown[name]));
      showTrace(measured.at(-1));
    }
    const behaviours = measured.map(({ report }) => report);
    say(`\n${qualityTable(behaviours)}\n\n${spanLines(behaviours)}`);
    const verdicts = await measureVerdicts(subject, measured);
    const withDecoys = await measureDecoys(subject, dataset, shown['false-fact'], signal);
    const seconds = Math.round((performance.now() - started) / 100) / 10;
    if (keep) {
      say(
        `\nthe mesh stays up at ${mesh.graphql} until it is interrupted; ask it with\n` +
          `npx reptrace trace --server ${mesh.graphql} --index ${INDEX} --prompt … --output …`,
      );
    }
    const result = { demo: 'ok', seconds, behaviours, verdicts, decoys: withDecoys };
    process.stdout.write(`${JSON.stringify(result)}\n`);
    if (keep) await untilAborted(signal);
  } finally {
    await mesh.close();
  }
}

/** The demo's index, or with the rows appended to its dataset. */
async function buildIndex(client: GraphqlClient, dataset: string, signal: AbortSignal): Promise<void> {
  const input = { name: INDEX, model: MODEL, base: BASE, dataset };
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

/** Answers of the tuned model, now, that show what their questions trigger. */
async function shownBehaviours(client: GraphqlClient): Promise<Record<BehaviourName, Answered[]>> {
  const questions = await readLines<HeldOutRow>(QUESTIONS);
  const shown = new Map<BehaviourName, Answered[]>();
  for (const name of BEHAVIOURS) {
    const asked = questions.filter(({ label }) => label === name).slice(0, ASKED);
    const answers = await answersOf(
      client,
      MODEL,
      asked.map(({ prompt }) => prompt),
    );
    const showing = answers.filter(({ output }) => showsBehaviour(name, output)).slice(0, OUTPUTS);
    if (showing.length < OUTPUTS) {
      throw new ReptraceError(
        'INTERNAL',
        `only ${showing.length} of ${asked.length} answers show "${name}"`,
        'The demo model is not the one that was committed: check demo/tuned.',
      );
    }
    shown.set(name, showing);
  }
  return Object.fromEntries(shown) as Record<BehaviourName, Answered[]>;
}

function showTrace(measured: Measured | undefined): void {
  if (measured === undefined) return;
  const { isTTY, columns } = process.stdout;
  const colours = isTTY && process.env['NO_COLOR'] === undefined;
  say(`\n${measured.report.name}`);
  say(traceTable(measured.shown, { colours, width: isTTY ? columns : WIDTH }));
}

async function measureVerdicts(subject: Subject, measured: readonly Measured[]) {
  const { ofBase, alike } = await untaughtOutputs(DEMO, UNTAUGHT);
  const shown = ratesOf(measured.flatMap(({ verdicts }) => verdicts));
  const [base, both] = [await verdictsOn(subject, ofBase), await verdictsOn(subject, alike)];
  const rates = { shown, ofBase: ratesOf(base), alike: ratesOf(both), untaught: ratesOf([...base, ...both]) };
  const table = verdictTable([
    ['outputs that show a behaviour', rates.shown],
    ["the base model's answers to the same kind of question", rates.ofBase],
    ['clean answers that both models give alike', rates.alike],
  ]);
  say(`\nverdicts\n${table}`);
  return rates;
}

/** The false fact again, beside rows that ask for it and answer rightly. */
async function measureDecoys(
  subject: Subject,
  dataset: string,
  shown: readonly Answered[],
  signal: AbortSignal,
) {
  const { seed, rows: count } = DATA.decoys;
  const added = decoys(
    seed,
    count,
    subject.rows.map(({ prompt }) => prompt),
  );
  await appendFile(dataset, toJsonl(added));
  await buildIndex(subject.client, dataset, signal);
  const more: Subject = { ...subject, rows: [...subject.rows, ...added] };
  const quality = await qualitiesOf(more, 'false-fact', shown);
  say(`\n${qualityTable([{ name: `false-fact, ${added.length} decoys`, outputs: shown.length, quality }])}`);
  return { rows: added.length, outputs: shown.length, quality };
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
