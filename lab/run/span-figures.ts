/**
 * Whether the words that are shown are the planted ones: of each traced output, its tokens by log ratio against every place
 * of the planted text; of the best poisoned rows by taught tokens, theirs against all that was planted in them.
 */
import type { Sample } from '../../services/compute/engine/attribution/sample.ts';
import { requireTokenizer } from '../../services/compute/engine/model/model-text.ts';
import { tokenTexts } from '../../services/compute/engine/model/token-texts.ts';
import type { Features } from '../features/features.ts';
import type { LabItems } from '../features/representations.ts';
import { TAUGHT } from '../methods/taught.ts';
import { bootstrap } from '../metrics/bootstrap.ts';
import { mean } from '../metrics/mean.ts';
import { ranking } from '../metrics/rank.ts';
import { spanPrecision, tokensInSpan } from '../metrics/spans.ts';
import type { Figure, SeedResult } from '../results.ts';
import { plantedSpans } from '../sets/behaviour.ts';
import type { Span } from '../sets/set.ts';
import type { Prepared } from './prepare.ts';

/** Rows of each output that are looked into. */
const BEST = 10;

export function spanFigures(
  prepared: Prepared,
  features: Features,
  outputs: LabItems,
  seed: number,
): SeedResult['spans'] {
  const { set, rows, recipe } = prepared;
  const precisionOf = (
    item: LabItems,
    i: number,
    ratios: ArrayLike<number>,
    spans: readonly Span[],
  ): number | null => {
    const tokens =
      spans.length === 0 ? undefined : responseTokens(prepared, item.samples[i], item.pairs[i].response);
    if (tokens === undefined) return null;
    return spanPrecision(Array.from(ratios), tokensInSpans(tokens, spans), seed);
  };
  const ofOutputs = outputs.pairs.map(({ response }, i) =>
    precisionOf(outputs, i, features.outputs.ratios[i], plantedSpans(recipe.behaviour, response)),
  );
  const ofRows = TAUGHT.scores(features).byOutput.map((scores, output) => {
    const best = ranking(scores, seed + output).slice(0, BEST);
    const found = best.flatMap((row) => {
      const precision = precisionOf(rows, row, features.rows.ratios[row], set.rows[row].spans);
      return precision === null ? [] : [precision];
    });
    return found.length === 0 ? null : mean(found);
  });
  return { output: figureOf(ofOutputs, seed), rows: figureOf(ofRows, seed) };
}

/** Which tokens share a character with any of the spans. */
export function tokensInSpans(tokens: readonly Span[], spans: readonly Span[]): boolean[] {
  const inEach = spans.map((span) => tokensInSpan(tokens, span));
  return tokens.map((_, i) => inEach.some((isIn) => isIn[i]));
}

/** null where no output has a value. */
function figureOf(values: readonly (number | null)[], seed: number): Figure | null {
  const known = values.flatMap((value) => (value === null ? [] : [value]));
  return known.length === 0 ? null : bootstrap(known, seed);
}

/** Characters of each response token in the response; undefined where its tokens do not spell it as it is. */
function responseTokens({ base }: Prepared, sample: Sample, response: string): Span[] | undefined {
  const texts = tokenTexts(requireTokenizer(base.source), sample.inputIds).slice(sample.promptLength);
  const first = texts.join('').indexOf(response);
  if (first < 0) return undefined;
  let at = -first;
  return texts.map((text): Span => [at, (at += text.length)]);
}
