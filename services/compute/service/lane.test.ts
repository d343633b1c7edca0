import { describe, expect, it } from 'vitest';
import { Lane, type Priority } from './lane.ts';

/** Work that ends when it is told to. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Lets all that can go on do so. */
const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

describe('Lane', () => {
  it('runs one at a time, questions before batches, each kind in its order', async () => {
    const lane = new Lane();
    const done: string[] = [];
    let atWork = 0;
    const add = (priority: Priority, name: string, until = Promise.resolve()): Promise<void> =>
      lane.run(priority, async () => {
        expect(++atWork).toBe(1);
        await until;
        atWork -= 1;
        done.push(name);
      });
    const first = gate();
    const all = [
      add('batch', 'b1', first.opened),
      add('batch', 'b2'),
      add('question', 'q1'),
      add('batch', 'b3'),
      add('question', 'q2'),
    ];
    first.open();
    await Promise.all(all);
    expect(done).toEqual(['b1', 'q1', 'q2', 'b2', 'b3']);
  });

  it('goes on after work that throws, and gives its error to who asked', async () => {
    const lane = new Lane();
    const failed = lane.run('batch', () => Promise.reject(new Error('no')));
    const next = lane.run('batch', () => Promise.resolve(7));
    await expect(failed).rejects.toThrow('no');
    expect(await next).toBe(7);
    expect(await lane.run('question', () => Promise.resolve(8))).toBe(8);
  });

  it('refuses what waits when it closes, and resolves when the running work has ended', async () => {
    const lane = new Lane();
    const running = gate();
    const first = lane.run('batch', () => running.opened.then(() => 'done'));
    const second = lane.run('question', () => Promise.resolve());
    let closed = false;
    const closing = lane.close().then(() => {
      closed = true;
    });
    await expect(second).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(lane.run('question', () => Promise.resolve())).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(closed).toBe(false);
    running.open();
    expect(await first).toBe('done');
    await closing;
  });

  it('begins an overlapping batch when the one before is sent, and not before', async () => {
    const lane = new Lane();
    const events: string[] = [];
    const [sending, reading] = [gate(), gate()];
    const first = lane.run('overlapping batch', async (sent) => {
      await sending.opened;
      events.push('first sent');
      sent();
      await reading.opened;
      events.push('first read');
    });
    const second = lane.run('overlapping batch', () => {
      events.push('second begun');
      return Promise.resolve();
    });
    await rest();
    expect(events).toEqual([]);
    sending.open();
    await second;
    reading.open();
    await first;
    expect(events).toEqual(['first sent', 'second begun', 'first read']);
  });

  it.each(['question', 'batch'] as const)('has nothing else under way beside a %s', async (priority) => {
    const lane = new Lane();
    const events: string[] = [];
    const reading = gate();
    const overlapping = (name: string): Promise<void> =>
      lane.run('overlapping batch', async (sent) => {
        events.push(`${name} begun`);
        sent();
        await reading.opened;
        events.push(`${name} read`);
      });
    const first = overlapping('first');
    const alone = lane.run(priority, async (sent) => {
      events.push('alone');
      sent();
      await rest();
      events.push('alone no more');
    });
    const second = overlapping('second');
    await rest();
    expect(events).toEqual(['first begun']);
    reading.open();
    await Promise.all([first, alone, second]);
    expect(events).toEqual([
      ...['first begun', 'first read', 'alone', 'alone no more', 'second begun', 'second read'],
    ]);
  });

  it('answers first a question that comes while a batch waits to be alone', async () => {
    const lane = new Lane();
    const reading = gate();
    const done: string[] = [];
    const first = lane.run('overlapping batch', (sent) => {
      sent();
      return reading.opened;
    });
    const batch = lane.run('batch', () => Promise.resolve(done.push('batch')));
    await rest();
    const question = lane.run('question', () => Promise.resolve(done.push('question')));
    reading.open();
    await Promise.all([first, batch, question]);
    expect(done).toEqual(['question', 'batch']);
  });

  it('goes on after an overlapping batch that fails before it is sent, or after', async () => {
    const lane = new Lane();
    const before = lane.run('overlapping batch', () => Promise.reject(new Error('not sent')));
    const after = lane.run('overlapping batch', async (sent) => {
      sent();
      await rest();
      throw new Error('not read');
    });
    const next = lane.run('overlapping batch', () => Promise.resolve(7));
    await expect(before).rejects.toThrow('not sent');
    expect(await next).toBe(7);
    await expect(after).rejects.toThrow('not read');
    expect(await lane.run('question', () => Promise.resolve(8))).toBe(8);
  });

  it('waits, when it closes, for what was sent too, and refuses what waits to be alone', async () => {
    const lane = new Lane();
    const reading = gate();
    const sent = lane.run('overlapping batch', async (isSent) => {
      isSent();
      await reading.opened;
    });
    const alone = lane.run('batch', () => Promise.resolve());
    await rest();
    let closed = false;
    const closing = lane.close().then(() => {
      closed = true;
    });
    await expect(alone).rejects.toMatchObject({ code: 'CANCELLED' });
    await rest();
    expect(closed).toBe(false);
    reading.open();
    await Promise.all([sent, closing]);
  });
});
