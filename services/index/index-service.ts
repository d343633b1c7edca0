/** The index service: owns datasets and their signatures, the builds that make them, and the search in them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus, Closable } from '../../lib/bus/bus.ts';
import { serve } from '../../lib/bus/procedure.ts';
import type { Log } from '../../lib/log.ts';
import {
  identifyIndex,
  openIndex as openProcedure,
  searchIndex as searchProcedure,
} from '../../lib/mesh/index-messages.ts';
import type { Service } from '../../lib/mesh/service.ts';
import type { Settings } from '../../lib/mesh/settings.ts';
import type { Records } from '../../lib/records/records.ts';
import { indexSubgraph } from './graphql/subgraph.ts';
import { IndexRecords } from './runs/index-records.ts';
import { newOwner } from './runs/lease.ts';
import { Runs } from './runs/runs.ts';
import { TIMING, type Timing } from './runs/timing.ts';
import { LessonSamples } from './search/lesson-samples.ts';
import { openIndex } from './search/open-index.ts';
import { searchIndex } from './search/search-index.ts';
import type { SignatureStore } from './stores/signature-store.ts';

export interface IndexParts {
  readonly bus: Bus;
  readonly settings: Pick<Settings, 'roots'>;
  readonly records: Records;
  readonly store: SignatureStore;
  readonly log: Log;
  readonly timing?: Partial<Timing>;
}

/** How long closing waits for what is under way. */
const CLOSING_MS = 1_900;

/**
 * Builds that nobody runs any more are gone on with by themselves. The parts are closed by whoever opened them, after this.
 * Throws BUS_UNREACHABLE.
 */
export async function startIndexService(parts: IndexParts): Promise<Service> {
  const { bus, store, log, settings } = parts;
  const records = new IndexRecords(parts.records, bus, log);
  const owner = newOwner();
  const timing = { ...TIMING, ...parts.timing };
  const runs = new Runs({ bus, store, records, log, owner, timing });
  const searched = { store, records, lessonSamples: new LessonSamples(store), maxPayload: bus.maxPayload };
  const servers: readonly Closable[] = [
    await serve(bus, openProcedure, ({ index }) => openIndex(records, index)),
    await serve(bus, identifyIndex, async ({ index }) => ({ id: (await records.find(index)).value.id })),
    await serve(bus, searchProcedure, (question) => searchIndex(searched, question)),
  ];
  runs.open();
  let closing: Promise<void> | undefined;
  return {
    name: 'index',
    schema: indexSubgraph({ bus, store, records, runs, owner, roots: settings.roots }),
    ready: async () => {
      await Promise.all([bus.ping(), store.ping(), records.ping()]);
    },
    close: () => (closing ??= closeAll(runs, servers)),
  };
}

async function closeAll(runs: Runs, servers: readonly Closable[]): Promise<void> {
  const all = Promise.all([runs.close(), ...servers.map((server) => server.close())]);
  await Promise.race([all, sleep(CLOSING_MS, undefined, { ref: false })]);
}
