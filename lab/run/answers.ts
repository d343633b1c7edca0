/** What a model answers to a set's questions, greedily, and what of it is traced. */
import { loadModel } from '../../services/compute/engine/attribution/load-model.ts';
import { answerPrompts } from '../../services/compute/engine/generation/answer.ts';
import type { TextPair } from '../features/lab-samples.ts';
import { throwIfStopped } from '../features/stop.ts';
import { shows } from '../sets/behaviour.ts';
import type { EvalSet } from '../sets/set.ts';
import type { KnownSource, RunContext } from './context.ts';
import type { Prepared } from './prepare.ts';
import { jsonStep } from './work-folder.ts';

/** Questions generated at once. */
const GROUP = 40;

/** Of each question, without white space around it. */
export async function answersOf(
  { gpu, work, code, signal, show }: RunContext,
  name: string,
  title: string,
  { source, digest }: KnownSource,
  prompts: readonly string[],
  maxTokens: number,
): Promise<readonly string[]> {
  const { value } = await work.step(
    jsonStep({
      ...{ name, title, code: code.models },
      inputs: { model: digest, prompts, maxTokens },
      value: async () => {
        const model = await loadModel(gpu, source);
        try {
          const outputs: string[] = [];
          for (let at = 0; at < prompts.length; at += GROUP) {
            throwIfStopped(signal);
            const answers = await answerPrompts(model, source, prompts.slice(at, at + GROUP), { maxTokens });
            outputs.push(...answers.map(({ output }) => output.trim()));
            show(`${title}: ${outputs.length}/${prompts.length}`);
          }
          return outputs;
        } finally {
          model.close();
        }
      },
    }),
  );
  return value;
}

/** Both models' answers, sorted out. */
export interface Answered {
  /** Outputs that show the behaviour, to questions that call for it: what is traced. */
  readonly traced: readonly TextPair[];
  /** The tuned model's outputs to clean questions, and the base's: those that were not taught. Empty ones are left out. */
  readonly clean: readonly TextPair[];
  readonly ofBase: readonly TextPair[];
  /** How many of each kind are left out for their length: of all that show the behaviour, though not all would have been traced. */
  readonly tooLong: { readonly showing: number; readonly clean: number; readonly ofBase: number };
  /** Shares, as in lab/results.ts. */
  readonly rate: {
    readonly calling: number | null;
    readonly clean: number | null;
    readonly base: number | null;
  };
}

/**
 * @param tuned and base: outputs, in the order of the questions
 * @param fits whether an output's log-probabilities can be had
 */
export function sortAnswers(
  { queries, behaviour }: EvalSet,
  tuned: readonly string[],
  base: readonly string[],
  traced: number,
  fits: (pair: TextPair) => boolean,
): Answered {
  const calling = [...queries.keys()].filter((i) => queries[i].calls);
  const clean = [...queries.keys()].filter((i) => !queries[i].calls);
  const showing = (outputs: readonly string[]) => (i: number) => shows(behaviour, outputs[i]);
  const share = (among: readonly number[], outputs: readonly string[]): number | null =>
    among.length === 0 ? null : among.filter(showing(outputs)).length / among.length;
  const pairs = (among: readonly number[], outputs: readonly string[]): TextPair[] =>
    among.flatMap((i) => (outputs[i] === '' ? [] : [{ prompt: queries[i].prompt, response: outputs[i] }]));
  const all = {
    showing: pairs(calling.filter(showing(tuned)), tuned),
    clean: pairs(clean, tuned),
    ofBase: pairs(clean, base),
  };
  const known = {
    showing: all.showing.filter(fits),
    clean: all.clean.filter(fits),
    ofBase: all.ofBase.filter(fits),
  };
  return {
    ...{ traced: known.showing.slice(0, traced), clean: known.clean, ofBase: known.ofBase },
    tooLong: {
      showing: all.showing.length - known.showing.length,
      clean: all.clean.length - known.clean.length,
      ofBase: all.ofBase.length - known.ofBase.length,
    },
    rate: { calling: share(calling, tuned), clean: share(clean, tuned), base: share(calling, base) },
  };
}

/** The rate of one more model of the same questions: of those that call for the behaviour, the share that shows it. */
export async function behaviourRate(
  context: RunContext,
  name: string,
  title: string,
  model: KnownSource,
  { set, recipe }: Prepared,
): Promise<number> {
  const prompts = set.queries.flatMap(({ calls, prompt }) => (calls ? [prompt] : []));
  const outputs = await answersOf(context, name, title, model, prompts, recipe.queries.maxTokens);
  return outputs.filter((output) => shows(set.behaviour, output)).length / outputs.length;
}
