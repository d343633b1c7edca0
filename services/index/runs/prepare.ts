/** What is decided of an index before its first sample, and holds from then on: its layers, and what taught tokens need. */
import type { Bus } from '../../../lib/bus/bus.ts';
import type { Log } from '../../../lib/log.ts';
import type { Dataset } from '../datasets/dataset.ts';
import { askLayers } from './ask-layers.ts';
import { askTaught } from './ask-taught.ts';
import type { HeldRecord } from './held-record.ts';
import { isPrepared } from './index-record.ts';
import type { IndexRecords } from './index-records.ts';
import type { StoredFailure } from './life.ts';
import type { Waiting } from './waiting.ts';

export interface Preparing {
  readonly bus: Bus;
  readonly records: IndexRecords;
  readonly held: HeldRecord;
  readonly dataset: Dataset;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly waiting: Waiting;
}

/** What a build waits for while its models are compared: the base model writes some answers, which may take minutes. */
const COMPARING: StoredFailure = {
  code: 'NOT_YET',
  message: 'the model is being compared with its base model, before the first sample',
  remedy: 'Wait: it takes minutes at most.',
};

/** Does what a run before has not done. Throws what `askLayers` and `askTaught` throw, and Stopped. */
export async function prepare(parts: Preparing): Promise<void> {
  const { bus, held, dataset, signal, waiting } = parts;
  if (held.current.layers === null) {
    const layers = await waiting.patiently(() => askLayers(bus, held.current, dataset, signal));
    await held.write(() => ({ layers }));
  }
  if (!isPrepared(held.current)) await compare(parts);
}

async function compare(parts: Preparing): Promise<void> {
  const { bus, records, held, dataset, log, signal, waiting } = parts;
  log.info(COMPARING.message);
  const { taught, hiddenCentres } = await waiting.patiently(() => {
    waiting.for(COMPARING);
    return askTaught(bus, held.current, dataset, signal);
  });
  waiting.for(null);
  const { id } = held.current;
  // The record is told last: where it has `taught`, the centres are there.
  await waiting.patiently(() => records.putHiddenCentres(id, hiddenCentres, () => held.check()));
  await waiting.patiently(() => held.write(() => ({ taught })));
}
