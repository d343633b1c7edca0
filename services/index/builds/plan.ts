/** What a build will do, and whether an index that is there can be brought up to date at all. Pure. */
import { ReptraceError } from '../../../lib/errors.ts';
import type { ModelDescription } from '../../../lib/mesh/compute-messages.ts';
import { isKnown, METHOD } from '../../../lib/taught/constants.ts';
import { DEFAULT_WINDOW } from '../datasets/text-windows.ts';
import type { BuildPlan, BuildRequest, IndexRecord } from '../runs/index-record.ts';

export interface RowCounts {
  /** Samples of the dataset, bad rows too. */
  readonly rows: number;
  /** Rows that they are from. */
  readonly sourceRows: number;
  readonly bad: number;
  /** In the store. */
  readonly stored: number;
  readonly erased: number;
  /** Known to fail again. */
  readonly failed: number;
}

export function planOf({ rows, sourceRows, bad, stored, erased, failed }: RowCounts): BuildPlan {
  const toSign = Math.max(0, rows - bad - stored - erased - failed);
  const parts = [
    ...(stored > 0 ? [`${stored} ${are(stored)} indexed already`] : []),
    toSign > 0 ? `${toSign} to sign` : 'nothing to sign',
    ...(bad > 0 ? [`${bad} cannot be read`] : []),
    ...(failed > 0 ? [`${failed} cannot be signed`] : []),
    ...(erased > 0
      ? [`${erased} ${erased === 1 ? 'was' : 'were'} erased and ${erased === 1 ? 'stays' : 'stay'} out`]
      : []),
  ];
  const what =
    rows === sourceRows
      ? counted(rows, 'row')
      : `${counted(rows, 'sample')} of ${counted(sourceRows, 'row')}`;
  return { total: rows, kept: stored, toSign, summary: `${what}: ${parts.join(', ')}` };
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/**
 * Throws CONFLICT, naming what differs, when the index was built otherwise than is asked for now.
 * @param base the base model that is asked for; null: none
 */
export function checkSameSettings(
  record: IndexRecord,
  request: BuildRequest,
  model: Pick<ModelDescription, 'digest' | 'precision'>,
  base: Pick<ModelDescription, 'digest'> | null,
): void {
  const before = record.request;
  const differences = [
    ...(record.model.digest === model.digest ? [] : ['another model or adapter']),
    ...otherBase(record.base, base),
    ...otherMethod(record.taught),
    ...(record.model.precision === model.precision
      ? []
      : [`numbers of another precision (${record.model.precision})`]),
    ...(String(before.layers) === String(request.layers) ? [] : [`layers ${String(before.layers)}`]),
    ...(before.maxTokens === request.maxTokens
      ? []
      : [before.maxTokens === null ? 'no maxTokens' : `maxTokens ${before.maxTokens}`]),
    ...(sameColumns(before, request) ? [] : ['other columns']),
    ...(turnsOf(before) === turnsOf(request) ? [] : [`turns ${turnsOf(before)}`]),
    ...(windowOf(before) === windowOf(request) ? [] : [`textWindow ${windowOf(before)}`]),
  ];
  if (differences.length === 0) return;
  throw new ReptraceError(
    'CONFLICT',
    `the index ${JSON.stringify(record.name)} was built with ${differences.join(', ')}`,
    'Ask for the same again, choose another name, or delete the index first.',
  );
}

/** Throws LAYER_NOT_FOUND, INPUT_INVALID. */
export function checkFits(
  request: BuildRequest,
  model: Pick<ModelDescription, 'layers' | 'contextLength'>,
): void {
  const missing =
    request.layers === 'auto' ? undefined : request.layers.find((layer) => layer > model.layers);
  if (missing !== undefined) {
    throw new ReptraceError(
      'LAYER_NOT_FOUND',
      `there is no layer ${missing}: the model has the layers 0 (embedding) to ${model.layers} (after the final norm)`,
      `Ask for layers between 0 and ${model.layers}.`,
    );
  }
  if (request.maxTokens !== null && request.maxTokens > model.contextLength) {
    throw new ReptraceError(
      'INPUT_INVALID',
      `maxTokens is ${request.maxTokens}, more than the model's context of ${model.contextLength}`,
      `Give at most ${model.contextLength}, or leave it out.`,
    );
  }
}

function otherBase(before: ModelDescription | null, now: Pick<ModelDescription, 'digest'> | null): string[] {
  if (before === null)
    return now === null ? [] : ['no base model (withoutBase, on the command line --no-base)'];
  if (now === null) return [`the base model ${before.path} (base, on the command line --base)`];
  return before.digest === now.digest ? [] : [`another base model (${before.path})`];
}

/** What is added is made as the index's samples were, where this version knows how. */
function otherMethod(taught: IndexRecord['taught']): string[] {
  return taught == null || isKnown(taught.method) ? [] : [`the method "${taught.method}", now "${METHOD}"`];
}

function sameColumns({ columns: a }: BuildRequest, { columns: b }: BuildRequest): boolean {
  return (['prompt', 'response', 'messages', 'text', 'label'] as const).every((key) => a[key] === b[key]);
}

function turnsOf({ columns }: BuildRequest): string {
  return columns.turns ?? 'last';
}

function windowOf({ columns }: BuildRequest): number {
  return columns.textWindow ?? DEFAULT_WINDOW;
}

function are(count: number): string {
  return count === 1 ? 'is' : 'are';
}
