/** Indexes and their progress for a person. */
import { ALL_NEW, ALL_NEW_REMEDY, isAllNew } from '../../lib/taught/all-new.ts';
import { isKnown, METHOD } from '../../lib/taught/constants.ts';
import type { IndexResult, ProgressResult } from '../client/results.ts';
import { duration } from '../progress.ts';
import { safeText } from './safe-text.ts';

const BAR = 24;

/** One line: bar, counts, speed, time left. */
export function progressLine({
  state,
  done,
  total,
  failed,
  samplesPerSecond,
  etaSeconds,
  waiting,
}: ProgressResult): string {
  const waits = waiting === null ? [] : [waitingText(waiting)];
  if (state === 'QUEUED' || total === 0) return [`${state.toLowerCase()} …`, ...waits].join('  ');
  const filled = Math.round((BAR * (done + failed)) / total);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)}`;
  const parts = [`${bar} ${done}/${total}`];
  if (failed > 0) parts.push(`${failed} without a signature`);
  if (samplesPerSecond !== null) parts.push(`${samplesPerSecond.toFixed(1)} samples/s`);
  if (etaSeconds !== null && state === 'RUNNING') parts.push(`${duration(etaSeconds)} left`);
  return [...parts, ...waits].join('  ');
}

/** What takes its time is told as it is; what is away, as what it is. */
function waitingText({ code, message }: NonNullable<ProgressResult['waiting']>): string {
  return code === 'NOT_YET' ? safeText(message) : `waiting: ${safeText(message)} [${code}]`;
}

export function indexSummary(index: IndexResult): string {
  const { id, name, state, samples, progress, dataset, manifest, error, failures } = index;
  const layers = manifest?.layers;
  const model = manifest?.model;
  const lines = [
    `${safeText(name)}  ${state}  ${samples} ${samples === 1 ? 'sample' : 'samples'}  ${id}`,
    `  dataset ${safeText(dataset.path)}${dataset.digest === null ? '' : `  ${dataset.digest.slice(0, 12)}`}`,
  ];
  if (model !== undefined) {
    const adapter = model.adapter === null ? '' : `  with the adapter ${safeText(model.adapter)}`;
    lines.push(`  model ${safeText(model.path)}${adapter}`);
  }
  const taught = manifest?.taught;
  if (taught != null) lines.push(`  base ${safeText(taught.base.path)}  ${taught.base.digest.slice(0, 12)}`);
  else if (taught === null) lines.push('  no base model: traces go without a verdict');
  if (taught != null && isAllNew(taught)) lines.push(`  ${ALL_NEW}`, `  ${ALL_NEW_REMEDY}`);
  lines.push(...appendingLines(index));
  if (layers !== undefined) {
    lines.push(
      `  layers ${layers.layers.join(', ')} (${layers.rule === 'named' ? 'named' : `rule ${layers.rule}`})`,
    );
  }
  if (progress.failed > 0)
    lines.push(`  ${progress.failed === 1 ? '1 row has' : `${progress.failed} rows have`} no signature:`);
  for (const { row, line, code, reason } of failures) {
    lines.push(`    row ${row}${line === null ? '' : ` (line ${line})`}: ${safeText(reason)} [${code}]`);
  }
  if (progress.failed > failures.length) lines.push(`    … and ${progress.failed - failures.length} more`);
  if (error !== null)
    lines.push(`  failed: ${safeText(error.message)} [${error.code}]\n  ${safeText(error.remedy)}`);
  return lines.join('\n');
}

/**
 * Where the command that would build it today is refused as a CONFLICT: how to go on. An index with an adapter and no base model
 * is of the time before there were any, or was built with --no-base.
 */
function appendingLines({ manifest }: IndexResult): string[] {
  const taught = manifest?.taught;
  const anew = 'or build it anew, under another name or after `reptrace index delete`';
  if (taught == null) {
    const adapted = manifest?.model?.adapter != null;
    return adapted ? [`  to add rows, give --no-base (a CONFLICT otherwise), ${anew}`] : [];
  }
  if (taught.method === METHOD) return [];
  if (isKnown(taught.method)) {
    return [
      `  made by the method "${taught.method}", with whose score it is searched; for that of "${METHOD}", build it anew`,
    ];
  }
  return [
    `  made by the method "${safeText(taught.method)}", and this version has "${METHOD}": to add rows is a CONFLICT`,
    `  add them with the version that built it, ${anew}`,
  ];
}
