/** What the Bus port promises, on both of its sides: notifications and requests. Work queues: work-queue.test.ts. */
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Bus } from '../../lib/bus/bus.ts';
import { ReptraceError } from '../../lib/errors.ts';
import { bytes, inProcess, MAX_PAYLOAD, overNats, rejection, text, until, type Side } from './bus-sides.ts';

const SOON = { timeoutMs: 5000 };

describe.each([inProcess, overNats])('the bus $name', (maker) => {
  let side: Side;
  let here: Bus;
  let there: Bus;

  beforeAll(() => maker.start());
  afterAll(() => maker.stop());

  beforeEach(async () => {
    side = maker.open();
    [here, there] = [await side.join(), await side.join()];
  });

  afterEach(() => side.close());

  test('tells every listener, in the order in which it was told', async () => {
    const heard: [string[], string[]] = [[], []];
    await here.listen('run.progress', ({ payload }) => heard[0].push(text(payload)));
    await there.listen('run.progress', ({ payload }) => heard[1].push(text(payload)));
    const sent = Array.from({ length: 200 }, (_, i) => String(i));
    await Promise.all(sent.map((word) => here.publish('run.progress', bytes(word))));
    await until(() => heard.every(({ length }) => length === 200), 'all were heard');
    expect(heard).toEqual([sent, sent]);
  });

  test('a listener of a wildcard hears one more word, with the subject it was', async () => {
    const heard: string[] = [];
    await there.listen('run.*', ({ subject }) => heard.push(subject));
    for (const subject of ['run', 'run.a.b', 'runs.a', 'run.a', 'run.b']) {
      await here.publish(subject, bytes(''));
    }
    await until(() => heard.length >= 2, 'both were heard');
    expect(heard).toEqual(['run.a', 'run.b']);
  });

  test('a closed listener hears nothing more, and one that throws goes on listening', async () => {
    const heard: string[] = [];
    const closing = await there.listen('a', () => heard.push('closed'));
    await there.listen('a', () => {
      heard.push('thrown');
      throw new Error('a bad listener');
    });
    await closing.close();
    await closing.close();
    await here.publish('a', bytes(''));
    await here.publish('a', bytes(''));
    await until(() => heard.length >= 2, 'both were heard');
    expect(heard).toEqual(['thrown', 'thrown']);
    expect(side.faults).toEqual(['a listener of "a" threw', 'a listener of "a" threw']);
  });

  test('what was sent does not change when its sender writes over it', async () => {
    const heard: string[] = [];
    await there.listen('a', ({ payload }) => heard.push(text(payload)));
    await there.serve('a', (payload) => Promise.resolve(payload));
    const mine = bytes('original');
    await here.publish('a', mine);
    const asked = here.request('a', bytes('question'), SOON);
    mine.fill(0);
    await until(() => heard.length === 1, 'it was heard');
    expect(heard).toEqual(['original']);
    expect(text(await asked)).toBe('question');
  });

  test('a request is answered, many at once by one server', async () => {
    let [working, most] = [0, 0];
    await there.serve('echo', async (payload) => {
      most = Math.max(most, ++working);
      await wait(50);
      working--;
      return bytes(`${text(payload)}!`);
    });
    const asked = Array.from({ length: 20 }, (_, i) => here.request('echo', bytes(String(i)), SOON));
    const answers = (await Promise.all(asked)).map(text);
    expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => `${i}!`));
    expect(most).toBe(20);
  });

  test('servers of one subject share its requests, each answered once', async () => {
    const served = [0, 0, 0];
    for (const i of [0, 1, 2]) {
      const bus = await side.join();
      await bus.serve('work', (payload) => {
        served[i] = (served[i] ?? 0) + 1;
        return Promise.resolve(payload);
      });
    }
    await Promise.all(Array.from({ length: 90 }, () => here.request('work', bytes('x'), SOON)));
    expect(served.reduce((a, b) => a + b)).toBe(90);
    expect(Math.min(...served)).toBeGreaterThan(0);
  });

  test('a ReptraceError of the server is thrown here, as a new one of the same words', async () => {
    const sent = new ReptraceError('LAYER_NOT_FOUND', 'no layer 99', 'Name one of 1 to 30.');
    await there.serve('fails', () => Promise.reject(sent));
    const received = await rejection(here.request('fails', bytes(''), SOON));
    expect(received).toBeInstanceOf(ReptraceError);
    expect(received).not.toBe(sent);
    expect(received).toMatchObject({ code: sent.code, message: sent.message, remedy: sent.remedy });
    expect(side.faults).toEqual([]);
  });

  test('anything else that the server throws is INTERNAL here, and a fault there', async () => {
    await there.serve('breaks', () => {
      throw new TypeError('boom');
    });
    const error = await rejection(here.request('breaks', bytes(''), SOON));
    expect(error).toMatchObject({ code: 'INTERNAL', message: '"breaks" failed: boom' });
    expect(side.faults).toEqual(['serving "breaks" failed']);
  });

  test('where nobody serves, a request ends at once', async () => {
    const serving = await there.serve('a', (payload) => Promise.resolve(payload));
    await serving.close();
    const start = Date.now();
    expect(await rejection(here.request('a', bytes(''), SOON))).toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
    });
    // A listener of the same subject is no server of it.
    await there.listen('b', () => undefined);
    expect(await rejection(here.request('b', bytes(''), SOON))).toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
    });
    expect(Date.now() - start).toBeLessThan(1000);
  });

  test('a request ends with TIMEOUT when its time is up, and with CANCELLED when it is called off', async () => {
    let finish = (): void => undefined;
    const never = new Promise<Uint8Array>((resolve) => {
      finish = () => {
        resolve(bytes('too late'));
      };
    });
    await there.serve('slow', () => never);
    const start = Date.now();
    const late = rejection(here.request('slow', bytes(''), { timeoutMs: 200 }));
    const abort = new AbortController();
    const off = rejection(here.request('slow', bytes(''), { timeoutMs: 60_000, signal: abort.signal }));
    setTimeout(() => {
      abort.abort();
    }, 100);
    expect(await off).toMatchObject({ code: 'CANCELLED' });
    expect(await late).toMatchObject({ code: 'TIMEOUT' });
    expect(Date.now() - start).toBeLessThan(2000);
    const signal = AbortSignal.abort();
    expect(await rejection(here.request('slow', bytes(''), { timeoutMs: 60_000, signal }))).toMatchObject({
      code: 'CANCELLED',
    });
    finish();
  });

  test('closing a server waits for the requests at work', async () => {
    let started = false;
    const serving = await there.serve('slow', async (payload) => {
      started = true;
      await wait(300);
      return payload;
    });
    const asked = here.request('slow', bytes('kept'), SOON);
    await until(() => started, 'the server was at work');
    await serving.close();
    expect(text(await asked)).toBe('kept');
  });

  test('payloads of the limit pass; larger ones are refused by name, also answers', async () => {
    expect(here.maxPayload).toBe(MAX_PAYLOAD);
    await there.serve('echo', (payload) => Promise.resolve(payload));
    await there.serve('grow', () => Promise.resolve(new Uint8Array(MAX_PAYLOAD + 1)));
    const largest = new Uint8Array(MAX_PAYLOAD).fill(7);
    expect(Buffer.from(await here.request('echo', largest, SOON)).equals(largest)).toBe(true);

    const larger = new Uint8Array(MAX_PAYLOAD + 1);
    const queue = await here.queue('limits');
    await queue.add('topic', 'largest', largest);
    for (const [sending, named] of [
      [() => here.request('echo', larger, SOON), 'the request "echo"'],
      [() => here.request('grow', bytes(''), SOON), 'the answer to "grow"'],
      [() => here.publish('note', larger), 'the notification "note"'],
      [() => queue.add('topic', 'big', larger), 'task "big"'],
    ] as const) {
      const message = `${named} has ${MAX_PAYLOAD + 1} bytes; this bus takes at most ${MAX_PAYLOAD}`;
      expect(await rejection(sending())).toMatchObject({ code: 'REQUEST_TOO_LARGE', message });
    }
  });

  test('subjects that are not words joined by dots are refused', async () => {
    for (const subject of ['', 'a..b', 'a b', '>', 'a.>', 'a\r\nPUB x 0']) {
      const refused = { code: 'INPUT_INVALID' };
      expect(await rejection(here.publish(subject, bytes('')))).toMatchObject(refused);
      expect(await rejection(here.listen(subject, () => undefined))).toMatchObject(refused);
      expect(await rejection(here.request(subject, bytes(''), SOON))).toMatchObject(refused);
      expect(await rejection(here.serve(subject, (it) => Promise.resolve(it)))).toMatchObject(refused);
    }
  });

  test('a closed bus says so to all who use it, ends their waiting, and can be closed again', async () => {
    await there.serve('slow', () => wait(1000, bytes('')));
    const queue = await here.queue('closing');
    await here.ping();
    const waiting = rejection(here.request('slow', bytes(''), { timeoutMs: 60_000 }));
    await wait(50);
    const start = Date.now();
    await Promise.all([here.close(), here.close()]);
    await here.close();
    const closed = { code: 'BUS_UNREACHABLE', message: 'this bus was closed' };
    expect(await waiting).toMatchObject(closed);
    expect(Date.now() - start).toBeLessThan(3000);
    for (const using of [
      () => here.ping(),
      () => here.publish('a', bytes('')),
      () => here.request('a', bytes(''), SOON),
      () => here.listen('a', () => undefined),
      () => here.queue('another'),
      () => queue.add('topic', 'id', bytes('')),
      () => queue.size('topic'),
    ]) {
      expect(await rejection(using())).toMatchObject(closed);
    }
  });
});
