/** The two sides of the Bus port, as its contract tests open them. */
import type { Bus } from '../../lib/bus/bus.ts';
import { MemoryBus } from '../../lib/bus/memory-bus.ts';
import { connectNatsBus } from '../../lib/bus/nats-bus.ts';
import { startNats } from '../servers/nats.ts';

/** One bus, apart from that of every other test. */
export interface Side {
  /** A party on the bus: over NATS a connection of its own, in process the one object that there is. */
  join(): Promise<Bus>;
  /** What was reported as a fault, in words. */
  readonly faults: readonly string[];
  close(): Promise<void>;
}

export interface SideMaker {
  readonly name: string;
  start(): Promise<void>;
  open(): Side;
  stop(): Promise<void>;
}

/** Bytes; small, so that tests find the limit quickly. */
export const MAX_PAYLOAD = 64 * 1024;
/** Short, so that tests outlast it. */
export const ACK_WAIT_MS = 900;

export const inProcess: SideMaker = {
  name: 'in process',
  start: () => Promise.resolve(),
  open: () => {
    const faults: string[] = [];
    const bus = new MemoryBus({ maxPayload: MAX_PAYLOAD, onFault: (what) => faults.push(what) });
    return { faults, join: () => Promise.resolve(bus), close: () => bus.close() };
  },
  stop: () => Promise.resolve(),
};

let stopServer = (): Promise<void> => Promise.resolve();
let url = '';
let opened = 0;

export const overNats: SideMaker = {
  name: 'over NATS',
  start: async () => {
    // 1 KiB more, which the bus keeps for headers.
    const server = await startNats({ config: `max_payload: ${MAX_PAYLOAD + 1024}\n` });
    url = server.url;
    stopServer = () => server.stop();
  },
  open: () => natsSide(url),
  stop: () => stopServer(),
};

/** A namespace of its own on that server. */
export function natsSide(server: string): Side {
  const faults: string[] = [];
  const joined: Bus[] = [];
  const namespace = `test${++opened}`;
  return {
    faults,
    join: async () => {
      const onFault = (what: string): number => faults.push(what);
      const bus = await connectNatsBus(server, { namespace, ackWaitMs: ACK_WAIT_MS, onFault });
      joined.push(bus);
      return bus;
    },
    close: async () => {
      await Promise.all(joined.map((bus) => bus.close()));
    },
  };
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (payload: Uint8Array): string => new TextDecoder().decode(payload);

/** Waits until it holds, for at most ten seconds. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** What the promise was rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it was not rejected');
}
