import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Pace } from './pace.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

/** How long it waits, in milliseconds. */
async function waits(pace: Pace, mostMs: number, meanwhile: () => Promise<void> = () => Promise.resolve()) {
  const started = performance.now();
  let ended: number | undefined;
  const due = pace.next(mostMs, new AbortController().signal).then(() => {
    ended = performance.now();
  });
  await meanwhile();
  while (ended === undefined) await vi.advanceTimersByTimeAsync(1);
  await due;
  return Math.round(ended - started);
}

it('waits as long as it may when there is no hint', async () => {
  const pace = new Pace({ leastMs: 250 });
  pace.begin();
  expect(await waits(pace, 1000)).toBe(1000);
});

it('looks soon after a hint, but no sooner than it may', async () => {
  const pace = new Pace({ leastMs: 250 });
  pace.begin();
  pace.hint();
  expect(await waits(pace, 1000)).toBe(250);
  pace.begin();
  const hinting = waits(pace, 1000, async () => {
    await vi.advanceTimersByTimeAsync(600);
    pace.hint();
  });
  expect(await hinting).toBe(600);
});

it('takes a hint that comes during a look for one that asks for another look', async () => {
  const pace = new Pace({ leastMs: 250 });
  pace.begin();
  await vi.advanceTimersByTimeAsync(400);
  pace.hint();
  expect(await waits(pace, 1000)).toBe(0);
});

it('forgets the hints that a look has answered', async () => {
  const pace = new Pace({ leastMs: 250 });
  pace.hint();
  pace.begin();
  expect(await waits(pace, 1000)).toBe(1000);
});

it('is called off by the signal, before and meanwhile', async () => {
  const pace = new Pace({ leastMs: 250 });
  const gone = new AbortController();
  const due = pace.next(1000, gone.signal);
  gone.abort();
  await due;
  await pace.next(1000, gone.signal);
});
