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
});
