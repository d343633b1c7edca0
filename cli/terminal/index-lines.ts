/** Indexes and their progress for a person. */
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
  const waits = waiting === null ? [] : [`waiting: ${safeText(waiting.message)} [${waiting.code}]`];
  if (state === 'QUEUED' || total === 0) return [`${state.toLowerCase()} …`, ...waits].join('  ');
  const filled = Math.round((BAR * (done + failed)) / total);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)}`;
  const parts = [`${bar} ${done}/${total}`];
  if (failed > 0) parts.push(`${failed} without a signature`);
  if (samplesPerSecond !== null) parts.push(`${samplesPerSecond.toFixed(1)} samples/s`);
  if (etaSeconds !== null && state === 'RUNNING') parts.push(`${duration(etaSeconds)} left`);
  return [...parts, ...waits].join('  ');
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
  const base = manifest?.taught?.base;
  if (base !== undefined) lines.push(`  base ${safeText(base.path)}  ${base.digest.slice(0, 12)}`);
  else if (manifest?.taught === null) lines.push('  no base model: traces go without a verdict');
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
