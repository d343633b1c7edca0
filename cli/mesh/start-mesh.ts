/** The whole mesh in this process: all services and the gateway, on NATS and Qdrant where their URLs are set. */
import type { Log } from '../../lib/log.ts';
import type { Settings } from '../../lib/mesh/settings.ts';
import { startGateway } from '../../gateway/gateway.ts';
import { startComputeService } from '../../services/compute/service/compute-service.ts';
import { startIndexService } from '../../services/index/index-service.ts';
import { startReportingService } from '../../services/reporting/reporting-service.ts';
import { Closing } from './closing.ts';
import { lockData } from './data-lock.ts';
import { openBus, openRecords, openStore } from './parts.ts';

export interface MeshOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Written into the data folder's mesh.json, for commands of the same user. */
  readonly announceToken?: boolean;
  /** Told what whoever started it should know, also where the log is silent. */
  readonly onNotice?: (text: string) => void;
}

export interface Mesh {
  readonly graphql: string;
  /** Seconds at most; work in flight can be taken up again. */
  close(): Promise<void>;
}

/** Throws what kept it from starting, with everything closed again. */
export async function startMesh(settings: Settings, log: Log, options: MeshOptions): Promise<Mesh> {
  const closing = new Closing();
  try {
    const lock = closing.add(await lockData(settings.data));
    const bus = closing.add(await openBus(settings));
    const records = closing.add(await openRecords(settings));
    const store = closing.add(await openStore(settings));
    const parts = { bus, records, settings };
    const reporting = closing.add(
      startReportingService({ ...parts, log: log.child({ service: 'reporting' }) }),
    );
    const index = closing.add(
      await startIndexService({ ...parts, store, log: log.child({ service: 'index' }) }),
    );
    // Last of the services: builds that were interrupted wait for it, and it is the first to stop.
    const compute = closing.add(
      await startComputeService({
        ...{ ...parts, log: log.child({ service: 'compute' }) },
        onNotice: options.onNotice,
      }),
    );
    const gateway = closing.add(
      await startGateway({
        ...{ bus, services: { compute, index, reporting } },
        ...{ host: options.host, port: options.port, token: settings.token },
        log: log.child({ service: 'gateway' }),
      }),
    );
    const graphql = gateway.url;
    const token = options.announceToken === true ? settings.token : undefined;
    await lock.announce(token === undefined ? { graphql } : { graphql, token });
    return { graphql, close: () => closing.close() };
  } catch (error) {
    await closing.close().catch((failure: unknown) => {
      log.error({ err: failure }, 'closing after a failed start failed too');
    });
    throw error;
  }
}
