/** After a long silence: what the queue has lost is sent again, but for what another run stored meanwhile. */
import type { Log } from '../../../lib/log.ts';
import type { SignatureStore } from '../stores/signature-store.ts';
import type { IndexRecords } from './index-records.ts';
import { readStanding } from './standing.ts';
import type { Tally } from './tally.ts';
import type { TaskSender } from './task-sender.ts';

interface LosingRun {
  readonly index: string;
  readonly store: SignatureStore;
  readonly records: IndexRecords;
  readonly tally: Tally;
  readonly sender: TaskSender;
  readonly log: Log;
}

export async function findLost({ index, store, records, tally, sender, log }: LosingRun): Promise<void> {
  if (!(await sender.hasLost())) return;
  await readStanding(tally, { store, records }, index, false);
  for (const { row } of sender.flights.rows().flat()) {
    if (!tally.isOpen(row)) sender.flights.finish(row);
  }
  const tasks = await sender.resend();
  log.warn({ tasks }, 'the queue lost tasks; they were sent again');
}
