/** The tables of whole models and of scaling, as printed and as put into bench/README.md. */
import { growthSummary } from '../measure/growth.ts';
import { percent, short, table, type Cell } from '../measure/table.ts';
import type { LengthStep, Scaling, Step, TokenStep } from './scaling.ts';
import type { WholeSpeed } from './whole.ts';

export function wholeTable(speeds: readonly WholeSpeed[]): string {
  return table(
    ['model', 'layer', 'samples', 'tokens', 'GFLOP', 'seconds', 'spread', 'by the wall clock'].concat([
      ...['samples/s', 'tokens/s', 'limit in tokens/s', 'of limit', 'asked for'],
    ]),
    speeds.map((speed) => [
      `${speed.model}${speed.withBase ? ' and a base' : ''}`,
      `${speed.layer} of ${speed.layers}`,
      ...[speed.samples, speed.tokens, short(speed.flops / 1e9), short(speed.seconds.median)],
      percent(speed.seconds.spread),
      short(speed.wallSeconds.median),
      ...[speed.samplesPerSecond, speed.tokensPerSecond, speed.limit].map(short),
      percent(speed.ofLimit),
      askedFor(speed),
    ]),
  );
}

function askedFor({ asked, samplesPerSecond, tokensPerSecond }: WholeSpeed): string {
  if (asked === null) return '';
  const reached = { samples: samplesPerSecond, tokens: tokensPerSecond }[asked.of];
  return `${asked.perSecond} ${asked.of}/s: ${reached >= asked.perSecond ? 'reached' : 'not reached'}`;
}

export function tokenTable(steps: readonly TokenStep[]): string {
  return table(
    ['tokens', 'seconds', 'spread', 'of half as many', 'scratch MiB', 'bytes/token', 'of each more'].concat([
      ...['kept for the backward', 'all MiB', 'planned MiB'],
    ]),
    steps.map((step) => [
      ...timeCells(step),
      ...[mebibytes(step.scratch), Math.round(step.bytesPerToken), orNone(step.bytesPerMoreToken)],
      ...[step.tapePerToken, mebibytes(step.held), mebibytes(step.planned)],
    ]),
  );
}

export function lengthTable(steps: readonly LengthStep[]): string {
  return table(
    ['tokens', 'attention s', 'of half as many', 'all else s', 'of half as many', 'scratch MiB'],
    steps.map(({ size, attention, others, attentionRatio, othersRatio, scratch }) => [
      ...[size, short(attention.median), orNone(attentionRatio), short(others.median), orNone(othersRatio)],
      mebibytes(scratch),
    ]),
  );
}

export function blockTable(steps: readonly Step[]): string {
  return table(
    ['blocks', 'seconds', 'spread', 'of half as many', 'scratch MiB'],
    steps.map((step) => [...timeCells(step), mebibytes(step.scratch)]),
  );
}

/** What is asked of all linear parts. */
const MOST_GROWTH = 2.1;

/** How the linear parts grow, in a sentence each. */
export function linearity({ tokens, lengths }: Pick<Scaling, 'tokens' | 'lengths'>): string[] {
  return [
    growthSentence(
      'Samples of one length',
      tokens.map(({ ratio }) => ratio),
    ),
    growthSentence(
      'All but attention of one sample',
      lengths.map(({ othersRatio }) => othersRatio),
    ),
  ];
}

function growthSentence(what: string, ratios: readonly (number | null)[]): string {
  const summary = growthSummary(ratios);
  if (summary === undefined) return `${what}: only one size`;
  const { mean, most } = summary;
  return `${what}: ${short(mean)} times for twice the tokens over all sizes, ${short(most)} in the worst step; asked: at most ${MOST_GROWTH}`;
}

function timeCells({ size, seconds, ratio }: Step): Cell[] {
  return [size, short(seconds.median), percent(seconds.spread), orNone(ratio)];
}

function orNone(value: number | null): Cell {
  return value === null ? '' : short(value);
}

function mebibytes(bytes: number): number {
  return short(bytes / 2 ** 20);
}
