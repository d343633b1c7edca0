import { describe, expect, it } from 'vitest';
import { Flights } from './flights.ts';
import { bytesOf, groupRows, taskLimits } from './grouping.ts';
import { rowsOf, toRanges } from './row-ranges.ts';
import { RowStates } from './row-states.ts';
import { secondsLeft, Speed } from './speed.ts';

const text = (row: number, length: number) => ({
  row,
  context: [],
  prompt: '',
  response: 'x'.repeat(length),
});

describe('grouping rows into tasks', () => {
  const limits = { characters: 100, rows: 4, bytes: 10_000, charactersOfRow: 50 };

  it('puts every row into one task, alike lengths together, within the limits', () => {
    const lengths = [30, 1, 60, 2, 90, 3, 40, 4, 5, 6, 1000];
    const tasks = groupRows(
      lengths.map((length, row) => text(row, length)),
      limits,
    );
    const rows = tasks.flatMap((task) => task.map(({ row }) => row));
    expect([...rows].sort((a, b) => a - b)).toEqual(lengths.map((_, row) => row));
    for (const task of tasks) {
      const cost = task.reduce((sum, { response }) => sum + Math.min(response.length, 50), 0);
      expect(task.length === 1 || cost <= 100).toBe(true);
      expect(task.length).toBeLessThanOrEqual(4);
    }
    expect(tasks[0].map(({ response }) => response.length)).toEqual([1, 2, 3, 4]);
  });

  it('keeps what a task sends under the limit of bytes, also where the worker will cut the rows', () => {
    const rows = Array.from({ length: 10 }, (_, row) => text(row, 3000));
    for (const task of groupRows(rows, limits)) {
      expect(task.reduce((sum, row) => sum + bytesOf(row), 0)).toBeLessThanOrEqual(10_000);
    }
  });

  it('counts the turns before a prompt', () => {
    const context = [{ role: 'user' as const, content: 'é'.repeat(40) }];
    expect(bytesOf({ ...text(0, 5), context })).toBeGreaterThanOrEqual(bytesOf(text(0, 5)) + 80);
    const tasks = groupRows([{ ...text(0, 5), context }, text(1, 6), text(2, 98)], limits);
    expect(tasks.map((task) => task.map(({ row }) => row))).toEqual([[1, 0], [2]]);
  });

  it('gives no task for no rows', () => {
    expect(groupRows([], taskLimits(null, 1 << 20))).toEqual([]);
  });
});

describe('the states of rows', () => {
  it('count a row once, however often it is stored or failed', () => {
    const states = new RowStates(5);
    expect([states.store(0), states.store(0), states.fail(0), states.fail(1), states.store(1)]).toEqual([
      true,
      false,
      false,
      true,
      false,
    ]);
    states.erase(2);
    states.erase(2);
    states.erase(0);
    expect([states.stored, states.failed, states.total]).toEqual([1, 1, 4]);
    expect([0, 1, 2, 3, 4, 5, -1].map((row) => states.isOpen(row))).toEqual([
      false,
      false,
      false,
      true,
      true,
      false,
      false,
    ]);
    expect(states.store(7)).toBe(false);
  });
});

describe('speed', () => {
  it('is that of the last ten seconds', () => {
    const speed = new Speed();
    expect(speed.rate(0)).toBeNull();
    for (let second = 0; second <= 30; second++)
      speed.note(second < 20 ? second : 20 + (second - 20) * 5, second * 1000);
    expect(speed.rate(30_000)).toBeCloseTo(5, 6);
  });

  it('says nothing after too short a time, and falls when nothing comes', () => {
    const speed = new Speed();
    speed.note(0, 0);
    speed.note(100, 100);
    expect(speed.rate(100)).toBeNull();
    expect(speed.rate(10_000)).toBeCloseTo(10, 6);
  });

  it('gives the time left', () => {
    expect([secondsLeft(0, null), secondsLeft(10, null), secondsLeft(10, 0), secondsLeft(10, 4)]).toEqual([
      0,
      null,
      null,
      2.5,
    ]);
  });
});

describe('ranges of rows', () => {
  it('give back the rows, in order, each once', () => {
    const ranges = toRanges([5, 3, 4, 4, 9, 0]);
    expect(ranges).toEqual([
      [0, 1],
      [3, 3],
      [9, 1],
    ]);
    expect([...rowsOf(ranges)]).toEqual([0, 3, 4, 5, 9]);
  });
});

describe('tasks that are out', () => {
  const rows = [0, 1, 2].map((row) => ({
    ...{ row, line: row + 1, sourceRow: row, part: null },
    ...{ context: [], prompt: '', response: 'x', raw: null, label: null, metadata: {} },
  }));
  const signal = new AbortController().signal;

  it('are over when each of their rows is, and make room for others', async () => {
    const flights = new Flights();
    flights.add('a', rows);
    let room = false;
    const waiting = flights.fewerThan(1, signal).then(() => (room = true));
    flights.finish(0);
    flights.finish(1);
    flights.finish(1);
    await Promise.resolve();
    expect([room, flights.size]).toEqual([false, 1]);
    flights.finish(2);
    await waiting;
    expect([room, flights.size]).toEqual([true, 0]);
  });

  it('hand their rows over to the tasks that they are cut into', () => {
    const flights = new Flights();
    flights.add('a', rows);
    flights.add('b', rows.slice(0, 2));
    flights.add('c', rows.slice(2));
    expect(flights.rows().map((task) => task.map(({ row }) => row))).toEqual([[0, 1], [2]]);
  });

  it('are not waited for any longer once the run is stopped', async () => {
    const flights = new Flights();
    flights.add('a', rows);
    const stop = new AbortController();
    const waiting = flights.fewerThan(1, stop.signal);
    stop.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
  });
});
