/** What only a bus over NATS has to promise: that it outlives lost connections, dead workers and a dead server. */
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { connectNatsBus } from '../../lib/bus/nats-bus.ts';
import { freePort, startNats, type NatsServer } from '../servers/nats.ts';
import { startProxy } from '../servers/proxy.ts';
import { ACK_WAIT_MS, bytes, natsSide, rejection, text, until, type Side } from './bus-sides.ts';

let server: NatsServer;
let side: Side;

beforeAll(async () => {
  server = await startNats();
});

afterAll(() => server.stop());

beforeEach(() => {
  side = natsSide(server.url);
});

afterEach(() => side.close());

/** A server for one test, ended however the test ends. */
async function ownServer(options?: Parameters<typeof startNats>[0]): Promise<NatsServer> {
  const own = await startNats(options);
  onTestFinished(() => own.stop());
  return own;
}

test('a task whose worker was killed is handed to another', async () => {
  const proxy = await startProxy(server.port);
  const doomed = await connectNatsBus(`nats://127.0.0.1:${proxy.port}`, {
    ...{ namespace: 'killed', ackWaitMs: ACK_WAIT_MS, onFault: () => undefined },
  });
  const healthy = await connectNatsBus(server.url, { namespace: 'killed', ackWaitMs: ACK_WAIT_MS });
  const queue = await healthy.queue('work');
  let taken = 0;
  const never = new Promise<void>(() => undefined);
  await (await doomed.queue('work')).consume(() => (taken++, never), { concurrency: 2 });
  await Promise.all(['x', 'y', 'z'].map((id) => queue.add('a', id, bytes(''))));
  await until(() => taken === 2, 'the doomed worker is busy');
  proxy.cut();

  const done: [string, number][] = [];
  await queue.consume(({ id, delivery }) => Promise.resolve(void done.push([id, delivery])), {
    concurrency: 1,
  });
  await until(() => done.length === 3, 'all tasks were done');
  expect(done[0]?.[1]).toBe(1);
  expect(done.slice(1).map(([, delivery]) => delivery)).toEqual([2, 2]);
  expect(await queue.size('a')).toBe(0);
  await Promise.all([doomed.close(), healthy.close()]);
});

test('a request whose connection is lost ends at once', async () => {
  const proxy = await startProxy(server.port);
  const [cut, serving] = await Promise.all(
    [proxy.port, server.port].map((port) =>
      connectNatsBus(`nats://127.0.0.1:${port}`, { namespace: 'lost', onFault: () => undefined }),
    ),
  );
  await serving?.serve('slow', () => wait(2000, bytes('')));
  const asked = rejection(cut?.request('slow', bytes(''), { timeoutMs: 60_000 }) ?? Promise.resolve());
  await wait(100);
  proxy.cut();
  const start = Date.now();
  expect(await asked).toMatchObject({ code: 'BUS_UNREACHABLE' });
  expect(Date.now() - start).toBeLessThan(1000);
  await Promise.all([cut?.close(), serving?.close()]);
});

test('a server that is killed and started again keeps its tasks, and everything goes on by itself', async () => {
  const own = await ownServer();
  const parties = natsSide(own.url);
  onTestFinished(() => parties.close());
  const [asking, serving, working] = [await parties.join(), await parties.join(), await parties.join()];
  const heard: string[] = [];
  await serving.listen('notes.*', ({ payload }) => heard.push(text(payload)));
  await serving.serve('echo', (payload) => Promise.resolve(payload));
  const queue = await asking.queue('work');
  const done: string[] = [];
  const ids = Array.from({ length: 20 }, (_, i) => `task-${i}`);
  await Promise.all(ids.map((id) => queue.add('a', id, bytes(''))));
  await (
    await working.queue('work')
  ).consume(
    async ({ id }) => {
      await wait(20);
      done.push(id);
    },
    { concurrency: 2 },
  );
  await until(() => done.length >= 4, 'the worker is at work');
  await own.kill();

  const start = Date.now();
  await until(
    async () => (await Promise.allSettled([asking.ping()]))[0].status === 'rejected',
    'the outage is noticed',
  );
  const error = await rejection(asking.request('echo', bytes(''), { timeoutMs: 300 }));
  expect(['BUS_UNREACHABLE', 'TIMEOUT']).toContain((error as { code?: string }).code);
  expect(Date.now() - start).toBeLessThan(3000);
  const addedMeanwhile = queue.add('a', 'task-late', bytes(''));
  await wait(200);
  await own.restart();

  await addedMeanwhile;
  await asking.ping();
  // Until the serving party is back too, nobody serves.
  await until(async () => {
    const [asked] = await Promise.allSettled([asking.request('echo', bytes('again'), { timeoutMs: 5000 })]);
    return asked.status === 'fulfilled' && text(asked.value) === 'again';
  }, 'requests are answered again');
  await until(async () => {
    await asking.publish('notes.a', bytes('heard'));
    return heard.length > 0;
  }, 'the listener hears again');
  await until(async () => (await queue.size('a')) === 0, 'the queue is empty');
  expect([...new Set(done)].sort()).toEqual([...ids, 'task-late'].sort());
});

test('a stream that an operator deleted is made again, and its consumer goes on', async () => {
  const own = await ownServer();
  const parties = natsSide(own.url);
  onTestFinished(() => parties.close());
  const queue = await (await parties.join()).queue('work');
  const done: string[] = [];
  await queue.consume(({ id }) => Promise.resolve(void done.push(id)), { concurrency: 1 });
  await queue.add('a', 'before', bytes(''));
  await until(() => done.length === 1, 'the first was done');
  const operator = await connect({ servers: own.url });
  const manager = await jetstreamManager(operator);
  for await (const { config } of manager.streams.list()) await manager.streams.delete(config.name);
  await operator.close();
  await queue.add('a', 'after', bytes(''));
  await until(() => done.length === 2, 'the second was done');
  expect(done).toEqual(['before', 'after']);
});

test('where no server is, connecting says so, naming the URL without its password', async () => {
  const port = await freePort();
  const start = Date.now();
  const error = await rejection(connectNatsBus(`nats://alice:hunter2@127.0.0.1:${port}`));
  expect(error).toMatchObject({ code: 'BUS_UNREACHABLE' });
  const { message, remedy } = error as { message: string; remedy: string };
  expect(message).toContain(`cannot reach NATS at nats://127.0.0.1:${port}`);
  expect(message + remedy).not.toMatch(/alice|hunter2/);
  expect(remedy).toContain('nats-server');
  expect(Date.now() - start).toBeLessThan(6000);
});

test('credentials come from the URL, and wrong ones are told', async () => {
  const guarded = await ownServer({ config: 'authorization { user: alice, password: hunter2 }\n' });
  const [scheme, address] = guarded.url.split('//');
  const bus = await connectNatsBus(`${scheme ?? ''}//alice:hunter2@${address ?? ''}`);
  await bus.ping();
  await bus.close();
  for (const credentials of ['alice:wrong@', '']) {
    const error = await rejection(connectNatsBus(`${scheme ?? ''}//${credentials}${address ?? ''}`));
    expect(error).toMatchObject({ code: 'BUS_UNREACHABLE' });
    expect((error as Error).message).toMatch(/authorization/i);
  }
});

test('a server without JetStream is told when a queue is wanted', async () => {
  const plain = await ownServer({ jetstream: false });
  const bus = await connectNatsBus(plain.url);
  await bus.ping();
  const error = await rejection(bus.queue('work'));
  expect(error).toMatchObject({ code: 'BUS_UNREACHABLE' });
  expect((error as { message: string; remedy: string }).message).toMatch(/jetstream/i);
  await bus.close();
});
