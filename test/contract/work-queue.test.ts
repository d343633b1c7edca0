/** What the Bus port promises of its work queues, on both of its sides. */
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Bus, Task, WorkQueue } from '../../lib/bus/bus.ts';
import { ACK_WAIT_MS, bytes, inProcess, overNats, text, until, type Side } from './bus-sides.ts';

describe.each([inProcess, overNats])('work queues $name', (maker) => {
  let side: Side;
  let bus: Bus;
  let queue: WorkQueue;

  beforeAll(() => maker.start());
  afterAll(() => maker.stop());

  beforeEach(async () => {
    side = maker.open();
    bus = await side.join();
    queue = await bus.queue('work');
  });

  afterEach(() => side.close());

  /** The same queue, as another party has it. */
  async function another(): Promise<WorkQueue> {
    return (await side.join()).queue('work');
  }

  async function addTasks(topic: string, count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, (_, i) => `${topic}-${i}`);
    await Promise.all(ids.map((id) => queue.add(topic, id, bytes(`payload of ${id}`))));
    return ids.sort();
  }

  test('every task is done exactly once by three consumers that do not fail, each with its payload', async () => {
    const done: string[] = [];
    const by = [0, 0, 0];
    const ids = await addTasks('a', 60);
    for (const i of [0, 1, 2]) {
      const consumer = await another();
      await consumer.consume(
        async ({ topic, id, payload, delivery }) => {
          await wait(5);
          expect([topic, text(payload), delivery]).toEqual(['a', `payload of ${id}`, 1]);
          done.push(id);
          by[i] = (by[i] ?? 0) + 1;
        },
        { concurrency: 2 },
      );
    }
    await until(async () => (await queue.size('a')) === 0, 'the queue is empty');
    expect(done.sort()).toEqual(ids);
    expect(Math.min(...by)).toBeGreaterThan(0);
  });

  test('a consumer works on as many tasks as it said, no more', async () => {
    let [working, most, done] = [0, 0, 0];
    await addTasks('a', 12);
    await queue.consume(
      async () => {
        most = Math.max(most, ++working);
        await wait(30);
        working--;
        done++;
      },
      { concurrency: 3 },
    );
    await until(() => done === 12, 'all were done');
    expect(most).toBe(3);
  });

  test('a busy consumer keeps no waiting task from another', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const taken: string[] = [];
    await queue.consume(({ id }) => (taken.push(id), held), { concurrency: 1 });
    await addTasks('a', 1);
    await until(() => taken.length === 1, 'the first consumer is busy');
    const done: string[] = [];
    await (await another()).consume(({ id }) => Promise.resolve(void done.push(id)), { concurrency: 1 });
    const others = await addTasks('b', 5);
    await until(() => done.length === 5, 'the other has done all others');
    expect(done.sort()).toEqual(others);
    release();
  });

  test('a task whose handler throws comes again, later each time, counting its deliveries', async () => {
    const times: number[] = [];
    const failures: [number, string][] = [];
    const deliveries: number[] = [];
    await queue.consume(
      ({ delivery }) => {
        times.push(Date.now());
        deliveries.push(delivery);
        return delivery < 3 ? Promise.reject(new Error(`failure ${delivery}`)) : Promise.resolve();
      },
      {
        concurrency: 1,
        onFailure: ({ delivery }, error) => failures.push([delivery, (error as Error).message]),
      },
    );
    await queue.add('a', 'x', bytes(''));
    await until(async () => (await queue.size('a')) === 0, 'it was done');
    expect(deliveries).toEqual([1, 2, 3]);
    expect(failures).toEqual([
      [1, 'failure 1'],
      [2, 'failure 2'],
    ]);
    const [first = 0, second = 0, third = 0] = times;
    expect(second - first).toBeGreaterThanOrEqual(240);
    expect(third - second).toBeGreaterThanOrEqual(490);
    expect(third - first).toBeLessThan(4000);
  });

  test('a task that waits for its retry does not hold up the others', async () => {
    const done: string[] = [];
    await queue.consume(
      ({ id, delivery }) =>
        id === 'a-0' && delivery === 1
          ? Promise.reject(new Error('once'))
          : Promise.resolve(void done.push(id)),
      { concurrency: 1 },
    );
    await addTasks('a', 5);
    await until(() => done.length === 5, 'all were done');
    expect(done.at(-1)).toBe('a-0');
  });

  test('a second task of the same id is the same task, at work, done or waiting', async () => {
    const done: string[] = [];
    await queue.add('a', 'x', bytes('first'));
    await (await another()).add('a', 'x', bytes('second'));
    expect(await queue.size('a')).toBe(1);
    await queue.consume(({ payload }) => Promise.resolve(void done.push(text(payload))), { concurrency: 2 });
    await until(async () => (await queue.size('a')) === 0, 'it was done');
    await queue.add('a', 'x', bytes('third'));
    await queue.add('b', 'x', bytes('of another topic'));
    await until(() => done.length === 2, 'the other topic was done');
    await wait(100);
    expect(done).toEqual(['first', 'of another topic']);
  });

  test('clearing forgets the tasks of one topic, and their ids', async () => {
    await addTasks('a', 3);
    await addTasks('b', 2);
    const other = await another();
    await other.clear('a');
    expect([await queue.size('a'), await queue.size('b')]).toEqual([0, 2]);
    // The same ids again, twice: added once.
    await addTasks('a', 3);
    await addTasks('a', 3);
    expect(await queue.size('a')).toBe(3);
    await queue.clear('a');
    await queue.clear('nothing');
    await addTasks('a', 2);
    expect(await other.size('a')).toBe(2);
    const done: string[] = [];
    await other.consume(({ id }) => Promise.resolve(void done.push(id)), { concurrency: 1 });
    await until(() => done.length === 4, 'all were done');
    await wait(100);
    expect(done.sort()).toEqual(['a-0', 'a-1', 'b-0', 'b-1']);
  });

  test('a task that is cleared while it is worked on does not come again', async () => {
    let fail = (): void => undefined;
    const failing = new Promise<void>((_resolve, reject) => {
      fail = () => {
        reject(new Error('failed after clearing'));
      };
    });
    const taken: Task[] = [];
    await queue.consume((task) => (taken.push(task), failing), { concurrency: 1 });
    await addTasks('a', 1);
    await until(() => taken.length === 1, 'it is worked on');
    await queue.clear('a');
    fail();
    await wait(ACK_WAIT_MS + 300);
    expect(taken.length).toBe(1);
    expect(await queue.size('a')).toBe(0);
    expect(side.faults).toEqual([]);
  });

  test('clearing a topic leaves the tasks of others be: those waiting, at work and waiting for a retry', async () => {
    let fail = (): void => undefined;
    const failing = new Promise<void>((_resolve, reject) => {
      fail = () => {
        reject(new Error('failed after clearing'));
      };
    });
    const taken: string[] = [];
    await queue.add('b', 'retried', bytes(''));
    await queue.add('a', 'cleared', bytes(''));
    await queue.add('b', 'held', bytes(''));
    const consuming = await (
      await another()
    ).consume(
      ({ id, topic, delivery }) => {
        taken.push(`${id} ${delivery}`);
        if (id === 'retried' && delivery === 1) return Promise.reject(new Error('once'));
        return topic === 'a' || (id === 'held' && delivery === 1) ? failing : Promise.resolve();
      },
      { concurrency: 3 },
    );
    await until(() => taken.length === 3, 'all three were handed out');
    await addTasks('a', 3);
    await addTasks('b', 2);
    await queue.clear('a');
    expect(await queue.size('a')).toBe(0);
    fail();
    await until(async () => (await queue.size('b')) === 0, 'no task is left');
    await consuming.close();
    const others = taken.filter((it) => !it.startsWith('a-')).sort();
    expect(others).toEqual(['b-0 1', 'b-1 1', 'cleared 1', 'held 1', 'held 2', 'retried 1', 'retried 2']);
  });

  test('size counts the tasks waiting and those worked on', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let taken = 0;
    expect(await queue.size('a')).toBe(0);
    await addTasks('a', 4);
    await queue.consume(() => (taken++, held), { concurrency: 2 });
    await until(() => taken === 2, 'two are worked on');
    expect(await queue.size('a')).toBe(4);
    release();
    await until(async () => (await queue.size('a')) === 0, 'all were done');
  });

  test('a consumer that closes lets handlers finish within its grace', async () => {
    let done = 0;
    await addTasks('a', 1);
    let started = false;
    const consuming = await queue.consume(
      async () => {
        started = true;
        await wait(300);
        done++;
      },
      { concurrency: 1 },
    );
    await until(() => started, 'the handler is at work');
    await consuming.close();
    expect([done, await queue.size('a')]).toEqual([1, 0]);
  });

  test('a consumer that closes aborts its tasks and gives back at once what is not done', async () => {
    await addTasks('a', 2);
    const taken: Task[] = [];
    const first = await another();
    const consuming = await first.consume(
      (task) => {
        taken.push(task);
        // One heeds the signal; the other never ends.
        return new Promise((_resolve, reject) => {
          if (task.id !== 'a-0') return;
          task.signal.addEventListener('abort', () => {
            reject(new Error('heard'));
          });
        });
      },
      { concurrency: 2 },
    );
    await until(() => taken.length === 2, 'both are worked on');
    const start = Date.now();
    await Promise.all([consuming.close(), consuming.close()]);
    expect(Date.now() - start).toBeLessThan(3000);
    expect(taken.every(({ signal }) => signal.aborted)).toBe(true);
    const again: [string, number][] = [];
    await queue.consume(({ id, delivery }) => Promise.resolve(void again.push([id, delivery])), {
      concurrency: 1,
    });
    await until(() => again.length === 2, 'both came again');
    expect(again.sort()).toEqual([
      ['a-0', 2],
      ['a-1', 2],
    ]);
    // Nothing is handed to the closed one any more.
    await addTasks('b', 3);
    await until(async () => (await queue.size('b')) === 0, 'the others were done');
    expect(taken.length).toBe(2);
  });

  test('heartbeats keep a long task from being handed out again', async () => {
    const deliveries: number[] = [];
    let done = false;
    const handler = async ({ delivery }: Task): Promise<void> => {
      deliveries.push(delivery);
      await wait(2.5 * ACK_WAIT_MS);
      done = true;
    };
    await queue.consume(handler, { concurrency: 1 });
    await (await another()).consume(handler, { concurrency: 1 });
    await addTasks('a', 1);
    await until(() => done, 'it was done');
    await until(async () => (await queue.size('a')) === 0, 'the queue is empty');
    expect(deliveries).toEqual([1]);
  });

  test('an onFailure that throws is a fault, and its task comes again', async () => {
    let done = false;
    await queue.consume(
      ({ delivery }) => {
        if (delivery === 1) return Promise.reject(new Error('once'));
        done = true;
        return Promise.resolve();
      },
      {
        concurrency: 1,
        onFailure: () => {
          throw new Error('a bad onFailure');
        },
      },
    );
    await addTasks('a', 1);
    await until(() => done, 'it was done');
    expect(side.faults).toEqual(['onFailure of a consumer threw']);
  });
});
