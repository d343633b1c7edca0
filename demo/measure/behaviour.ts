/** One planted behaviour: how well each way of ranking finds its rows from outputs that show it, and what the trace says of them. */
import type { TraceFields, VerdictResult } from '../../cli/client/results.ts';
import { Bm25 } from '../../lab/methods/bm25.ts';
import { mean } from '../../lab/metrics/mean.ts';
import { plantedText, type BehaviourName } from '../corpus/behaviours.ts';
import { chance, meanQuality, qualityOf, type Quality } from './ranking.ts';
import { inTopThree } from './span.ts';
import {
  bestTaught,
  BRIEFLY,
  eachOf,
  ranked,
  reptScores,
  trace,
  type Answered,
  type Subject,
} from './subject.ts';

/** h and g are RepT's two cosines, each alone: REPT with an alpha of 1, and of 0. */
export type RankedBy = 'taught' | 'h' | 'g' | 'raw' | 'bm25' | 'chance';
export type Qualities = Readonly<Record<RankedBy, Quality>>;

export interface BehaviourReport extends Answered {
  readonly name: BehaviourName;
  readonly label: BehaviourName;
  readonly outputs: number;
  /** Means over the outputs. */
  readonly quality: Qualities;
  /** Shares of the outputs: a token of the planted text (PlantedText) is among the three most taught. */
  readonly spanInTopThree: number;
  readonly lessonInTopThree: number;
}

export interface Measured {
  readonly report: BehaviourReport;
  /** Of each output. */
  readonly verdicts: readonly VerdictResult['state'][];
  /** Of the first output, with a few matches. */
  readonly shown: TraceFields;
}

/** A trace by TAUGHT carries its evidence, so not all rows are asked for: what is beyond counts as the last of all. */
const TAUGHT_TOP = 500;
/** Matches of the trace that is shown whole. */
const SHOWN = 3;

/** @param shown outputs that show the behaviour, one at least */
export async function measureBehaviour(
  subject: Subject,
  name: BehaviourName,
  shown: readonly Answered[],
): Promise<Measured> {
  const [first] = shown;
  if (first === undefined) throw new Error(`no output shows ${name}`);
  const traces = await eachOf(shown, (answered) =>
    trace(subject, answered, answered === first ? { top: SHOWN } : BRIEFLY),
  );
  const hits = traces.map(({ output, outputTokens }) => {
    const planted = plantedText(name, output);
    if (planted === undefined || outputTokens === null)
      throw new Error(`${JSON.stringify(output)} does not show ${name}`);
    return {
      whole: inTopThree(outputTokens, output, planted.whole),
      lesson: inTopThree(outputTokens, output, planted.lesson),
    };
  });
  const quality = await qualitiesOf(subject, name, shown);
  return {
    report: {
      ...{ name, ...first, label: name, outputs: shown.length, quality },
      spanInTopThree: mean(hits.map(({ whole }) => Number(whole))),
      lessonInTopThree: mean(hits.map(({ lesson }) => Number(lesson))),
    },
    verdicts: traces.map(({ verdict }) => verdict.state),
    shown: traces[0],
  };
}

/** Means over the outputs; BM25 is over prompt and response. */
export async function qualitiesOf(
  subject: Subject,
  name: BehaviourName,
  shown: readonly Answered[],
): Promise<Qualities> {
  const { rows } = subject;
  const taught = await eachOf(shown, (answered) => bestTaught(subject, answered, TAUGHT_TOP));
  const rept = await eachOf(shown, (answered) => reptScores(subject, answered));
  const bm25 = new Bm25(rows.map(({ prompt, response }) => `${prompt} ${response}`));
  const wanted = wantedOf(subject, name);
  const over = (rankings: readonly (readonly number[])[]): Quality =>
    meanQuality(rankings.map((ranking) => qualityOf(ranking, wanted, rows.length)));
  return {
    taught: over(taught),
    h: over(rept.map((scores) => ranked(scores, 'hiddenScore'))),
    g: over(rept.map((scores) => ranked(scores, 'gradientScore'))),
    raw: over(rept.map((scores) => ranked(scores, 'score'))),
    bm25: over(shown.map((answered) => wordRanking(bm25, answered))),
    chance: chance(wanted.size, rows.length),
  };
}

function wantedOf({ rows }: Subject, name: BehaviourName): ReadonlySet<number> {
  return new Set(rows.flatMap(({ label }, row) => (label === name ? [row] : [])));
}

function wordRanking(bm25: Bm25, { prompt, output }: Answered): number[] {
  const scores = bm25.scores(`${prompt} ${output}`);
  return [...scores.keys()].sort((a, b) => scores[b] - scores[a]);
}
