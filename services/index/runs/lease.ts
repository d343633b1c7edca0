/**
 * Who runs a build. A lease names its holder and runs out unless it is renewed, so that a build whose service was killed is
 * taken over by another one, or by the same one started again. A holder that is known to be dead need not be waited for.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

export const LEASE_MS = 10_000;
export const RENEW_MS = 3_000;

export interface Owner {
  readonly host: string;
  readonly pid: number;
  /** When that process started, in ms: a pid alone may belong to a later process. */
  readonly started: number;
  /** Of several services in one process. */
  readonly service: string;
}

export interface Lease {
  readonly owner: Owner;
  /** ms since 1970 */
  readonly until: number;
}

export function newOwner(): Owner {
  const started = Math.round(performance.timeOrigin);
  return { host: hostname(), pid: process.pid, started, service: randomUUID() };
}

export function newLease(owner: Owner, now = Date.now()): Lease {
  return { owner, until: now + LEASE_MS };
}

export function holds(lease: Lease | null, owner: Owner): boolean {
  return lease?.owner.service === owner.service;
}

/** Whether nobody has it any more. */
export function isFree(lease: Lease | null, self: Owner, now = Date.now(), alive = isAlive): boolean {
  return lease === null || lease.until <= now || isDead(lease.owner, self, alive);
}

/** Only a process of this machine can be known to be dead. */
function isDead(owner: Owner, self: Owner, alive: (pid: number) => boolean): boolean {
  if (owner.host !== self.host) return false;
  return owner.pid === self.pid ? owner.started !== self.started : !alive(owner.pid);
}

function isAlive(pid: number): boolean {
  try {
    // Signal 0 only asks.
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
