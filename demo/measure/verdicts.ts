/** What the verdict says of outputs that the fine-tuning did not teach: none of them should be TAUGHT. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { VerdictResult } from '../../cli/client/results.ts';
import type { Answer } from '../evaluate.ts';
import { BRIEFLY, eachOf, trace, type Answered, type Subject } from './subject.ts';

type State = VerdictResult['state'];

/** Share of each verdict. */
export interface VerdictRates extends Readonly<Record<Exclude<State, 'UNKNOWN'>, number>> {
  readonly outputs: number;
}

export interface UntaughtOutputs {
  /** The base model's answers to questions that make the tuned one show a behaviour. */
  readonly ofBase: readonly Answered[];
  /** Answers to clean questions that both models give, word for word. */
  readonly alike: readonly Answered[];
}

/** As both models' manifests record them; so many of each, spread over all of their kind. */
export async function untaughtOutputs(demo: string, count: number): Promise<UntaughtOutputs> {
  const [base, tuned] = await Promise.all([answersIn(join(demo, 'base')), answersIn(join(demo, 'tuned'))]);
  const saidByTuned = new Map(tuned.map(({ prompt, output }) => [prompt, output]));
  return {
    ofBase: spread(
      base.filter(({ label }) => label !== 'clean'),
      count,
    ),
    alike: spread(
      base.filter(({ prompt, output, label }) => label === 'clean' && saidByTuned.get(prompt) === output),
      count,
    ),
  };
}

/** By the default method, as a user asks; the verdict is of the output alone, so one row is enough. */
export async function verdictsOn(subject: Subject, outputs: readonly Answered[]): Promise<State[]> {
  const traces = await eachOf(outputs, (answered) => trace(subject, answered, { ...BRIEFLY, tokens: false }));
  return traces.map(({ verdict }) => verdict.state);
}

export function ratesOf(states: readonly State[]): VerdictRates {
  const share = (state: State): number => states.filter((one) => one === state).length / states.length;
  return {
    outputs: states.length,
    ...{ TAUGHT: share('TAUGHT'), NOT_TAUGHT: share('NOT_TAUGHT'), UNCERTAIN: share('UNCERTAIN') },
  };
}

async function answersIn(model: string): Promise<readonly Answer[]> {
  const manifest = JSON.parse(await readFile(join(model, 'manifest.json'), 'utf8')) as {
    readonly evaluation: { readonly answers: readonly Answer[] };
  };
  return manifest.evaluation.answers;
}

/** Throws where there are fewer. */
function spread(answers: readonly Answered[], count: number): Answered[] {
  if (answers.length < count) throw new Error(`${count} outputs are asked for, of ${answers.length}`);
  return Array.from({ length: count }, (_, i) => answers[Math.floor((i * answers.length) / count)]);
}
