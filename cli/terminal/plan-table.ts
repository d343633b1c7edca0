/** What a build would do and take, for a person. */
import type { PlanResult } from '../client/results.ts';
import { duration } from '../progress.ts';
import { byteCount } from './bytes.ts';
import { counted } from './counted.ts';
import { safeText } from './safe-text.ts';

const ACTIONS: Readonly<Record<PlanResult['action'], string>> = {
  CREATE: 'a new index',
  RESUME: 'goes on with the index of this name',
  ADD_ROWS: 'adds rows to the index of this name',
  NOTHING: 'nothing: everything is indexed already',
};
const LABEL = 12;

/** Time that is not worth a number; seconds. */
const SHORT = 5;

/**
 * Lines of a label and what it is; nothing of the dataset's reaches the terminal as it is.
 *
 * @param base the base model, in words
 */
export function planTable(plan: PlanResult, base: string): string {
  const { action, summary, tokens, memory, seconds, storeBytes } = plan;
  const unit = unitOf(plan);
  const lines = [
    line('would do', ACTIONS[action]),
    line(`${unit}s`, `${safeText(summary)}${plan.rowsExact ? '' : ' (not read to the end)'}`),
    ...(plan.refusedShare > 0
      ? [line('', `${percent(plan.refusedShare)} of them the model cannot take`)]
      : []),
    ...failureTexts(plan, unit).map((text) => line('', text)),
  ];
  if (action === 'NOTHING') return lines.join('\n');
  if (plan.toSign === 0) return [...lines, line('time', 'nothing to compute')].join('\n');
  const tokensLine = line('tokens', tokensText(tokens, unit));
  if (plan.flops === 0) return [...lines, tokensLine, line('time', 'nothing to compute')].join('\n');
  return [
    ...lines,
    tokensLine,
    line('base', safeText(base)),
    line('layers', layersText(plan.layers)),
    line('memory', memoryText(memory)),
    line('time', `${timeText(seconds)} on ${safeText(plan.gpu)}`),
    line('', speedText(seconds, plan.flops)),
    line('store', `about ${byteCount(storeBytes)} more`),
  ].join('\n');
}

type Unit = 'row' | 'sample';

/** What is counted: where a row may give several samples, or none, their numbers are not those of rows. */
function unitOf({ rows, sourceRows }: PlanResult): Unit {
  return rows === sourceRows ? 'row' : 'sample';
}

/** One line for each reason, however many rows it is the reason of. */
function failureTexts({ failures, unreadable, rowsExact }: PlanResult, unit: Unit): string[] {
  const groups = new Map<string, PlanResult['failures'][number][]>();
  for (const failure of failures) {
    const why = `${safeText(failure.reason)} [${failure.code}]`;
    groups.set(why, [...(groups.get(why) ?? []), failure]);
  }
  const texts = [...groups].flatMap(([why, [first, ...others]]) => {
    if (first === undefined) return [];
    const at = `${unit} ${first.row}${first.line === null ? '' : ` (line ${first.line})`}`;
    if (others.length === 0) return [`${at}: ${why}`];
    return [`${counted(others.length + 1, unit)} like this, from ${at} on: ${why}`];
  });
  // Only the first ones are given.
  const more = unreadable - failures.filter(({ code }) => code === 'DATASET_INVALID').length;
  if (failures.length === 0 || more <= 0) return texts;
  return [...texts, `… and ${rowsExact ? '' : 'about '}${counted(more, unit)} more that cannot be read`];
}

function line(label: string, text: string): string {
  return `${label.padEnd(LABEL)}${text}`;
}

function tokensText(
  { total, sampled, mean, p95, max, truncatedShare }: PlanResult['tokens'],
  unit: Unit,
): string {
  if (sampled === 0) return `none: no ${unit} could be rendered`;
  const rendered = counted(sampled, unit);
  const cut = truncatedShare > 0 ? `, ${percent(truncatedShare)} lose their tail` : '';
  return `about ${count(total)} (of ${rendered}: mean ${mean.toFixed(0)}, 95 % up to ${p95}, longest ${max}${cut})`;
}

function layersText({ layers, decided }: PlanResult['layers']): string {
  if (decided) return layers.join(', ');
  const [lowest, highest] = [Math.min(...layers), Math.max(...layers)];
  return lowest === highest
    ? `auto: ${lowest}`
    : `auto: one of ${lowest} to ${highest}; time is for ${lowest}`;
}

function memoryText(memory: PlanResult['memory']): string {
  const { weights, weightsAtOnce, activations, available, mode } = memory;
  const of = available === null ? '' : ` of the ${byteCount(available)} that may be used`;
  const there =
    mode === 'RESIDENT'
      ? `${byteCount(weights)} of weights`
      : `${byteCount(weightsAtOnce)} of ${byteCount(weights)} of weights at a time (streamed)`;
  return `${there}, up to ${byteCount(activations)} of activations${of}`;
}

function timeText({ low, high }: PlanResult['seconds']): string {
  if (high < SHORT) return 'a few seconds';
  const [from, to] = [duration(low), duration(high)];
  if (from === duration(0)) return `up to ${to}`;
  return from === to ? `about ${to}` : `${from} to ${to}`;
}

function speedText({ flopsPerSecond, speedOf }: PlanResult['seconds'], flops: number): string {
  const what = speedOf === 'BATCHES' ? 'of its last batches' : 'of a short trial of one block';
  return `${count(flops, 'FLOP')} at ${count(flopsPerSecond, 'FLOP/s')}, the speed ${what}`;
}

function percent(share: number): string {
  return share > 0 && share < 0.01 ? 'less than 1 %' : `${(100 * share).toFixed(0)} %`;
}

/** 1234567 -> "1.23 M", or "1.23 MFLOP"; 12 -> "12", or "12 FLOP". */
function count(value: number, of = ''): string {
  const units = ['', 'k', 'M', 'G', 'T', 'P', 'E'];
  let [shown, unit] = [value, 0];
  while (shown >= 999.5 && unit < units.length - 1) [shown, unit] = [shown / 1000, unit + 1];
  const digits = unit === 0 ? Math.round(shown) : Number(shown.toPrecision(3));
  return `${digits} ${units[unit] ?? ''}${of}`.trimEnd();
}
