/** Where the rows of an index stand before a run sends the first: stored, erased, failed or open. */
import type { SignatureStore } from '../stores/signature-store.ts';
import { isFinal } from './index-record.ts';
import type { IndexRecords } from './index-records.ts';
import { rowsOf } from './row-ranges.ts';
import type { Tally } from './tally.ts';

/**
 * Rows that failed with a reason that will not go away are not tried once more.
 * @param keepFailures nor are those that failed under a worker otherwise
 */
export async function readStanding(
  tally: Tally,
  { store, records }: { readonly store: SignatureStore; readonly records: IndexRecords },
  index: string,
  keepFailures: boolean,
): Promise<void> {
  for await (const page of store.rows(index)) for (const row of page) tally.store(row);
  for (const row of rowsOf((await records.erasure(index)).erased)) tally.erase(row);
  for (const failure of await records.failures(index)) {
    if (failure.line === null && (keepFailures || isFinal(failure))) tally.fail(failure);
  }
  tally.failures.mustSave();
}
