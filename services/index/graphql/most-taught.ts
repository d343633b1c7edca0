/** Query.mostTaught: the samples of an index that taught the model the most, before anyone has seen a bad output. */
import { ReptraceError } from '../../../lib/errors.ts';
import { clean } from '../builds/sample-filter.ts';
import { isPrepared, type IndexRecord } from '../runs/index-record.ts';
import { refuseHopeless } from '../search/no-match.ts';
import type { SampleFilter } from '../stores/signature-store.ts';
import type { LoaderParts } from './loaders.ts';
import type { SampleParent } from './parents.ts';

const MAX_TOP = 1000;

export interface MostTaughtParent {
  readonly index: IndexRecord;
  readonly samples: readonly SampleParent[];
}

/**
 * @param reference id or name
 * Throws INDEX_NOT_FOUND, INPUT_INVALID (an index without a base model, `top`, a filter that can fit no sample),
 * INDEX_NOT_READY before the first sample, and what the store throws.
 */
export async function mostTaught(
  { store, records }: LoaderParts,
  reference: string,
  top: number,
  asked: SampleFilter,
): Promise<MostTaughtParent> {
  if (!Number.isInteger(top) || top < 1 || top > MAX_TOP) {
    throw new ReptraceError('INPUT_INVALID', `top is ${top}`, `Ask for 1 to ${MAX_TOP} samples.`);
  }
  const index = (await records.find(reference)).value;
  refuseUnready(index);
  const filter = clean(asked);
  if (filter === 'none') return { index, samples: [] };
  const found = await store.mostTaught(index.id, top, filter === 'all' ? undefined : filter);
  if (found.length === 0 && filter !== 'all') await refuseHopeless(store, index, filter);
  return { index, samples: found.map((sample) => ({ index: index.id, sample })) };
}

function refuseUnready(index: IndexRecord): void {
  const { base, name, life, progress } = index;
  if (base === null) {
    throw new ReptraceError(
      'INPUT_INVALID',
      `the index ${JSON.stringify(name)} was built without a base model, so that nobody knows what its samples taught`,
      'Delete it, and build it with a base model: reptrace index build --base DIR.',
    );
  }
  if (isPrepared(index) && (life.state === 'COMPLETED' || progress.done > 0)) return;
  throw new ReptraceError(
    'INDEX_NOT_READY',
    `the index ${JSON.stringify(name)} is ${life.state}, and has no sample yet`,
    'Wait for its first samples, or resume its build.',
  );
}
