/** How a run that has not finished leaves its record. */
import { ReptraceError, reasonOf } from '../../../lib/errors.ts';
import type { HeldRecord } from './held-record.ts';
import type { IndexRecord, Progress, RowFailure } from './index-record.ts';
import type { IndexRecords } from './index-records.ts';
import { failed, isWorking, released } from './life.ts';
import { Stopped } from './stopped.ts';
import type { Tally } from './tally.ts';

export interface Ending {
  readonly held: HeldRecord;
  readonly records: IndexRecords;
  readonly tally: Tally;
  /** Whether tasks were sent. */
  readonly begun: boolean;
}

/**
 * The build failed; what was stored stays, and it can be resumed. When even this cannot be written (the disk being full, say),
 * it is told all the same, and the problem thrown.
 */
export async function recordFailure({ held, tally, begun, records }: Ending, cause: unknown): Promise<void> {
  const error =
    cause instanceof ReptraceError
      ? cause
      : new ReptraceError(
          'INTERNAL',
          `the build failed: ${reasonOf(cause)}`,
          'Look at the log of the index service, then resume the build.',
        );
  const change = ({ life, spoiled }: IndexRecord): Partial<IndexRecord> => ({
    life: failed(life, error),
    ...(begun && { progress: tally.progress() }),
    spoiled: spoiled || (begun && error.code === 'DATASET_CHANGED'),
  });
  try {
    await tally.failures.save((failures) => records.putFailures(held.current.id, failures));
    await held.write(change);
  } catch (problem) {
    if (problem instanceof Stopped) throw problem;
    await held.keepUnsaved(change);
    throw problem;
  }
}

/** The build goes on wherever somebody takes it over. */
export async function releaseRecord({ held, tally, begun }: Ending): Promise<void> {
  await held.write(({ life }) => ({
    life: released(life),
    // Before the first task the rows may not have been counted.
    ...(begun ? { progress: tally.progress() } : {}),
  }));
}

/** Somebody else ended the build: what it says of the rows is brought up to what was stored since its last word. */
export async function settleRecord({ held, records, tally, begun }: Ending): Promise<void> {
  const { id, attempt } = held.current;
  const found = (await records.get(id))?.value;
  if (!begun || found === undefined || isWorking(found.life) || found.attempt !== attempt) return;
  await tally.failures.save((failures) => records.putFailures(id, failures));
  await records.change(id, (record) =>
    isWorking(record.life) || record.attempt !== attempt ? null : { progress: tally.progress() },
  );
}

/** An index without a sample answers no question: that is no success. */
export function nothingSigned({ failed }: Progress, [first]: readonly RowFailure[]): ReptraceError {
  const why = first === undefined ? '' : `; the first: ${first.reason}`;
  return new ReptraceError(
    first?.code ?? 'DATASET_INVALID',
    `none of the ${failed === 1 ? '1 sample' : `${failed} samples`} could be signed${why}`,
    'Mend the dataset, or build with settings that fit it; the failures are listed with the index.',
  );
}
