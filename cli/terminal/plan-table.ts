/** What a build would do and take, for a person. */
import type { PlanResult } from '../client/results.ts';
import { duration } from '../progress.ts';
import { byteCount } from './bytes.ts';
import { safeText } from './safe-text.ts';

const ACTIONS: Readonly<Record<PlanResult['action'], string>> = {
  CREATE: 'a new index',
  RESUME: 'goes on with the index of this name',
  ADD_ROWS: 'adds rows to the index of this name',
  NOTHING: 'nothing: everything is indexed already',
};
const LABEL = 12;

/** Lines of a label and what it is; nothing of the dataset's reaches the terminal as it is. */
export function planTable(plan: PlanResult): string {
  const { action, summary, tokens, memory, seconds, storeBytes, failures } = plan;
  const lines = [
    line('would do', ACTIONS[action]),
    line('rows', `${safeText(summary)}${plan.rowsExact ? '' : ' (not read to the end)'}`),
    ...(plan.refusedShare > 0
      ? [line('', `${percent(plan.refusedShare)} of them the model cannot take`)]
      : []),
    ...failures.map(({ row, line: at, code, reason }) => {
      return line('', `row ${row}${at === null ? '' : ` (line ${at})`}: ${safeText(reason)} [${code}]`);
    }),
  ];
  if (action === 'NOTHING') return lines.join('\n');
  return [
    ...lines,
    line('tokens', tokensText(tokens)),
    line('layers', layersText(plan.layers)),
    line('memory', memoryText(memory)),
    line('time', `${timeText(seconds)} on ${safeText(plan.gpu)}`),
    line('', speedText(seconds, plan.flops)),
    line('store', `about ${byteCount(storeBytes)} more`),
  ].join('\n');
}

function line(label: string, text: string): string {
  return `${label.padEnd(LABEL)}${text}`;
}

function tokensText({ total, sampled, mean, p95, max, truncatedShare }: PlanResult['tokens']): string {
  if (sampled === 0) return 'none: no row could be rendered';
  const rows = sampled === 1 ? '1 row' : `${sampled} rows`;
  const cut = truncatedShare > 0 ? `, ${percent(truncatedShare)} lose their tail` : '';
  return `about ${count(total)} (of ${rows}: mean ${mean.toFixed(0)}, 95 % up to ${p95}, longest ${max}${cut})`;
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
  const [from, to] = [duration(low), duration(high)];
  return from === to ? `about ${to}` : `${from} to ${to}`;
}

function speedText({ flopsPerSecond, speedOf }: PlanResult['seconds'], flops: number): string {
  const what = speedOf === 'BATCHES' ? 'of its last batches' : 'of a short trial of one block';
  return `${count(flops)}FLOP at ${count(flopsPerSecond)}FLOP/s, the speed ${what}`;
}

function percent(share: number): string {
  return share > 0 && share < 0.01 ? 'less than 1 %' : `${(100 * share).toFixed(0)} %`;
}

/** 1234567 -> "1.23 M", 12 -> "12". */
function count(value: number): string {
  const units = ['', 'k', 'M', 'G', 'T', 'P', 'E'];
  let [shown, unit] = [value, 0];
  while (shown >= 999.5 && unit < units.length - 1) [shown, unit] = [shown / 1000, unit + 1];
  return unit === 0 ? String(Math.round(shown)) : `${Number(shown.toPrecision(3))} ${units[unit]}`;
}
