import { availableParallelism } from 'node:os';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { interleave, interleaveTimings, type Contender } from './interleave.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Takes so many milliseconds a run, and tells of each call. */
function contender(milliseconds: number, onRun: (repeats: number) => void): Contender {
  return {
    run: (repeats) => {
      onRun(repeats);
      vi.advanceTimersByTime(repeats * milliseconds);
      return Promise.resolve();
    },
  };
}

it('runs every contender in every round, each round in another order', async () => {
  const order: string[] = [];
  const named = (name: string): Contender => contender(1, () => order.push(name));
  const samples = await interleave([named('a'), named('b')], { rounds: 3, sampleSeconds: 0 });
  expect(samples.map((list) => list.length)).toEqual([3, 3]);
  // The first two warm up.
  expect(order.join('')).toBe('ab' + 'abbaab');
});

it('warms up by less than a run where a contender can', async () => {
  const calls: string[] = [];
  const one = {
    ...contender(1, () => calls.push('run')),
    warmUp: () => Promise.resolve(void calls.push('warm')),
  };
  await interleave([one], { rounds: 1, sampleSeconds: 0 });
  expect(calls).toEqual(['warm', 'run']);
});

it('repeats short work within a timing, and tells the seconds of one run', async () => {
  const asked: number[] = [];
  const samples = await interleave(
    [contender(2, (repeats) => asked.push(repeats)), contender(50, () => undefined)],
    { rounds: 2, sampleSeconds: 0.01 },
  );
  expect(asked).toEqual([1, 1, 5, 5]);
  expect(samples).toEqual([
    [0.002, 0.002],
    [0.05, 0.05],
  ]);
});

it('does not fill a queue without end with work that takes next to no time', async () => {
  const asked: number[] = [];
  await interleave([contender(0.001, (repeats) => asked.push(repeats))], { rounds: 1, sampleSeconds: 60 });
  expect(asked.at(-1)).toBe(2000);
});

it("tells the processor's seconds of one run too, over the cores", async () => {
  vi.spyOn(process, 'cpuUsage').mockImplementation((before) =>
    before === undefined ? { user: 0, system: 0 } : { user: 8_000_000, system: 2_000_000 },
  );
  const [{ processorSeconds }] = await interleaveTimings([contender(2, () => undefined)], {
    rounds: 2,
    sampleSeconds: 0.01,
  });
  expect(processorSeconds).toEqual([2 / availableParallelism(), 2 / availableParallelism()]);
});
