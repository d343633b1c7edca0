import { describe, expect, it } from 'vitest';
import { ReptraceError } from '../../../lib/errors.ts';
import { isFree, newLease, newOwner, type Owner } from './lease.ts';
import { cancelled, completed, failed, queued, released, running, type Life } from './life.ts';

const lease = newLease(newOwner());
const error = new ReptraceError('DISK_FULL', 'the disk is full', 'Make room.');
const QUEUED: Life = { state: 'QUEUED', lease };
const RUNNING: Life = { state: 'RUNNING', lease, waiting: null };
const ENDED: readonly Life[] = [
  { state: 'CANCELLED' },
  { state: 'COMPLETED' },
  { state: 'FAILED', error: { code: 'DISK_FULL', message: 'full', remedy: 'Make room.' } },
];

describe('the life of an index', () => {
  it('is queued only when nothing works on it', () => {
    for (const life of [QUEUED, RUNNING]) {
      expect(() => queued(life, 'demo', lease)).toThrow(expect.objectContaining({ code: 'INDEX_BUSY' }));
    }
    for (const life of ENDED) expect(queued(life, 'demo', lease)).toEqual(QUEUED);
  });

  it('runs, is released and ends only while it is worked on', () => {
    for (const life of [QUEUED, RUNNING]) {
      expect(running(life, lease)).toEqual(RUNNING);
      expect(released(life).lease).toBeNull();
      expect(completed(life)).toEqual({ state: 'COMPLETED' });
      expect(failed(life, error)).toMatchObject({ state: 'FAILED', error: { code: 'DISK_FULL' } });
    }
    for (const life of ENDED) {
      const steps = [
        () => running(life, lease),
        () => released(life),
        () => completed(life),
        () => failed(life, error),
      ];
      for (const step of steps) expect(step).toThrow(expect.objectContaining({ code: 'CONFLICT' }));
    }
  });

  it('is cancelled while it is worked on, and stays as it ended otherwise', () => {
    expect(cancelled(RUNNING)).toEqual({ state: 'CANCELLED' });
    for (const life of ENDED) expect(cancelled(life)).toBe(life);
  });
});

describe('a lease', () => {
  const self = newOwner();
  const other = (change: Partial<Owner>): Owner => ({ ...self, service: 'other', ...change });
  const free = (owner: Owner, alive: boolean, until = 2000): boolean =>
    isFree({ owner, until }, self, 1000, () => alive);

  it('is free when there is none or it has run out', () => {
    expect(isFree(null, self)).toBe(true);
    expect(free(other({}), true, 1000)).toBe(true);
  });

  it('of a living process, or of one elsewhere, has to run out', () => {
    expect(free(other({ pid: self.pid + 1 }), true)).toBe(false);
    expect(free(other({ host: 'elsewhere', pid: self.pid + 1 }), false)).toBe(false);
    expect(free(other({}), false)).toBe(false);
  });

  it('of a process that is known to be dead is free at once, also when its pid was given out again', () => {
    expect(free(other({ pid: self.pid + 1 }), false)).toBe(true);
    expect(free(other({ started: self.started - 5 }), true)).toBe(true);
  });
});
