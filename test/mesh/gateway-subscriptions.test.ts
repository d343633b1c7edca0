// The gateway over WebSocket: subscriptions that begin with how things stand, lose nothing, and leave nothing behind.
import { request as httpRequest } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Client } from 'graphql-ws';
import { startGateway, type Gateway, type GatewayOptions } from '../../gateway/gateway.ts';
import { MemoryBus } from '../../lib/bus/memory-bus.ts';
import { ReptraceError } from '../../lib/errors.ts';
import { serveSubgraph } from '../../lib/http/subgraph-server.ts';
import { SILENT } from '../../lib/log.ts';
import { ask, socketClient, Watching } from './gateway-clients.ts';
import { BuildState, computeSchema, indexSchema, INDEX_ID, reportingSchema, service } from './stand-ins.ts';

/** Counts who listens. */
class CountingBus extends MemoryBus {
  listeners = 0;

  override async listen(...args: Parameters<MemoryBus['listen']>): ReturnType<MemoryBus['listen']> {
    const listener = await super.listen(...args);
    this.listeners++;
    return {
      close: async () => {
        this.listeners--;
        await listener.close();
      },
    };
  }
}

let bus: CountingBus;
let build: BuildState;
const opened: (() => Promise<void>)[] = [];
beforeEach(() => {
  bus = new CountingBus();
  build = new BuildState();
  opened.push(() => bus.close());
});
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function gateway(options: Partial<GatewayOptions> = {}): Promise<Gateway> {
  const services = {
    compute: { schema: computeSchema() },
    index: { schema: indexSchema(build) },
    reporting: { schema: reportingSchema() },
  };
  const door = await startGateway({
    ...{ bus, services, host: '127.0.0.1', port: 0, token: undefined, log: SILENT },
    ...options,
  });
  opened.push(() => door.close());
  return door;
}

function connect({ url }: Gateway, params?: Record<string, unknown>): Client {
  const client = socketClient(url, params);
  opened.push(async () => {
    await client.dispose();
  });
  return client;
}

const PROGRESS =
  'subscription($index: ID!, $after: String) { indexProgress(index: $index, after: $after) { cursor state done } }';
const until = async (holds: () => boolean): Promise<void> => {
  for (const end = performance.now() + 5000; !holds();) {
    if (performance.now() > end) throw new Error('it did not come to hold within 5 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

describe('a subscription', () => {
  it('begins with how the build stands, goes on as it does, and ends with it', async () => {
    const watching = new Watching(connect(await gateway()), PROGRESS, { index: INDEX_ID });
    await watching.until(1);
    for (const done of [3, 7]) {
      await build.move(bus, { done });
      await watching.until(done === 3 ? 2 : 3);
    }
    await build.move(bus, { done: 10, state: 'COMPLETED' });
    await watching.ended;
    expect(watching.progress).toEqual([
      { cursor: '1', state: 'RUNNING', done: 0 },
      { cursor: '2', state: 'RUNNING', done: 3 },
      { cursor: '3', state: 'RUNNING', done: 7 },
      { cursor: '4', state: 'COMPLETED', done: 10 },
    ]);
    await until(() => bus.listeners === 0);
  });

  it('takes an index by its name, and hears the hints of its id', async () => {
    const watching = new Watching(connect(await gateway()), PROGRESS, { index: 'animals' });
    await watching.until(1);
    const waits: number[] = [];
    for (const done of [1, 2, 3, 4]) {
      const started = performance.now();
      await build.move(bus, { done });
      await watching.until(done + 1);
      waits.push(performance.now() - started);
    }
    // Without hints it is a second each time; the quickest of four says it also on a busy machine.
    expect(Math.min(...waits)).toBeLessThan(700);
  });

  it('sees what no hint told of', async () => {
    const watching = new Watching(connect(await gateway()), PROGRESS, { index: INDEX_ID });
    await watching.until(1);
    await build.move(bus, { done: 5 }, false);
    expect(await watching.until(2)).toMatchObject({ data: { indexProgress: { done: 5 } } });
  });

  it('looks about four times a second at most, however many hints there are, and shows the last state', async () => {
    const watching = new Watching(connect(await gateway()), PROGRESS, { index: INDEX_ID });
    await watching.until(1);
    const before = build.looks;
    const started = performance.now();
    while (performance.now() - started < 1000) {
      await build.move(bus, { done: Math.min(9, build.done + 1) });
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const seconds = (performance.now() - started) / 1000;
    expect(build.looks - before).toBeLessThanOrEqual(Math.ceil(seconds * 4) + 1);
    await build.move(bus, { done: 10, state: 'FAILED' });
    await watching.ended;
    expect(watching.progress.at(-1)).toMatchObject({ state: 'FAILED', done: 10 });
  });

  it('says nothing twice, and nothing older than `after`', async () => {
    const client = connect(await gateway());
    const first = new Watching(client, PROGRESS, { index: INDEX_ID });
    await first.until(1);
    first.stop();
    const second = new Watching(client, PROGRESS, { index: INDEX_ID, after: '1' });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(second.events).toEqual([]);
    await build.move(bus, { done: 4 });
    await second.until(1);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(second.progress).toEqual([{ cursor: '2', state: 'RUNNING', done: 4 }]);
  });

  it('of a build that has ended tells so and completes, even when `after` is its end', async () => {
    await build.move(bus, { done: 10, state: 'COMPLETED' });
    const watching = new Watching(connect(await gateway()), PROGRESS, { index: INDEX_ID, after: '2' });
    await watching.ended;
    expect(watching.progress).toEqual([{ cursor: '2', state: 'COMPLETED', done: 10 }]);
  });

  it('is taken up where it was by a client that drops and comes back', async () => {
    const door = await gateway();
    const lost = connect(door);
    const before = new Watching(lost, PROGRESS, { index: INDEX_ID });
    await before.until(1);
    lost.terminate();
    await until(() => bus.listeners === 0);
    await build.move(bus, { done: 6 });
    await build.move(bus, { done: 8 });
    const after = new Watching(connect(door), PROGRESS, { index: INDEX_ID, after: '1' });
    expect(await after.until(1)).toMatchObject({ data: { indexProgress: { cursor: '3', done: 8 } } });
    await build.move(bus, { done: 10, state: 'COMPLETED' });
    await after.ended;
    expect(after.progress.at(-1)).toMatchObject({ state: 'COMPLETED' });
  });

  it('keeps the client’s aliases, fragments, directives and variables, and adds nothing', async () => {
    await build.move(bus, { done: 10, state: 'CANCELLED' });
    const query = `
      query Other { models { id } }
      subscription Mine($i: ID!, $more: Boolean!, $n: Int! = 5) {
        ...Root @include(if: true)
      }
      fragment Root on Subscription { ... on Subscription { p: indexProgress(index: $i) { ...F look_state: total } } }
      fragment F on IndexProgress {
        __typename
        stage: state
        total @skip(if: $more)
        index { failures(first: $n) { row } model { layers } }
      }`;
    const client = connect(await gateway());
    const events: unknown[] = [];
    for await (const event of client.iterate({
      query,
      operationName: 'Mine',
      variables: { i: 'animals', more: true },
    }))
      events.push(event);
    expect(events).toEqual([
      {
        data: {
          p: {
            ...{ __typename: 'IndexProgress', stage: 'CANCELLED', look_state: 10 },
            index: { failures: [], model: { layers: 12 } },
          },
        },
      },
    ]);
  });

  it('brings fields of other services along; one that is down nulls its fields and stops nothing', async () => {
    const compute = await serveSubgraph({
      service: service('compute', computeSchema()),
      host: '127.0.0.1',
      port: 0,
      token: undefined,
      log: SILENT,
    });
    opened.push(() => compute.close());
    const services = {
      compute,
      index: { schema: indexSchema(build) },
      reporting: { schema: reportingSchema() },
    };
    const query = 'subscription { indexProgress(index: "animals") { done index { model { id layers } } } }';
    const watching = new Watching(connect(await gateway({ services })), query);
    expect(await watching.until(1)).toEqual({
      data: { indexProgress: { done: 0, index: { model: { id: 'model-1', layers: 12 } } } },
    });
    await compute.close();
    await build.move(bus, { done: 1 });
    expect(await watching.until(2)).toMatchObject({
      data: { indexProgress: { done: 1, index: { model: { id: 'model-1', layers: null } } } },
      errors: [
        { message: 'the compute service does not answer', extensions: { code: 'SERVICE_UNAVAILABLE' } },
      ],
    });
    await build.move(bus, { done: 10, state: 'COMPLETED' });
    await watching.ended;
  });

  it('outlives its service: tells of the outage once, and goes on when it is over', async () => {
    let index = await serveSubgraph({
      service: service('index', indexSchema(build)),
      host: '127.0.0.1',
      port: 0,
      token: undefined,
      log: SILENT,
    });
    opened.push(() => index.close());
    const services = {
      compute: { schema: computeSchema() },
      index,
      reporting: { schema: reportingSchema() },
    };
    const watching = new Watching(connect(await gateway({ services })), PROGRESS, { index: INDEX_ID });
    await watching.until(1);
    const { port } = index;
    await index.close();
    expect(await watching.until(2)).toMatchObject({
      data: null,
      errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }],
    });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(watching.events).toHaveLength(2);
    await build.move(bus, { done: 10, state: 'COMPLETED' }, false);
    index = await serveSubgraph({
      service: service('index', indexSchema(build)),
      host: '127.0.0.1',
      port,
      token: undefined,
      log: SILENT,
    });
    await watching.ended;
    expect(watching.progress).toEqual([
      { cursor: '1', state: 'RUNNING', done: 0 },
      undefined,
      { cursor: '2', state: 'COMPLETED', done: 10 },
    ]);
  });

  it('of an unknown index tells INDEX_NOT_FOUND and ends; so it does when the index is deleted', async () => {
    const client = connect(await gateway());
    const unknown = new Watching(client, PROGRESS, { index: 'nothing' });
    await unknown.ended;
    expect(unknown.events).toMatchObject([
      { data: null, errors: [{ extensions: { code: 'INDEX_NOT_FOUND' } }] },
    ]);
    const deleted = new Watching(client, PROGRESS, { index: INDEX_ID });
    await deleted.until(1);
    await build.move(bus, { deleted: true });
    await deleted.ended;
    expect(deleted.events[1]).toMatchObject({ errors: [{ extensions: { code: 'INDEX_NOT_FOUND' } }] });
    await until(() => bus.listeners === 0);
  });

  it('ends with an error that does not pass', async () => {
    build.failure = new ReptraceError('DISK_FULL', 'no room', 'Make some.');
    const watching = new Watching(connect(await gateway()), PROGRESS, { index: INDEX_ID });
    await watching.ended;
    expect(watching.events).toMatchObject([
      {
        data: null,
        errors: [{ message: 'no room', extensions: { code: 'DISK_FULL', remedy: 'Make some.' } }],
      },
    ]);
    await until(() => bus.listeners === 0);
  });

  it('leaves no listener and looks no more when the client completes it', async () => {
    const watching = new Watching(connect(await gateway()), PROGRESS, { index: INDEX_ID });
    await watching.until(1);
    expect(bus.listeners).toBe(1);
    watching.stop();
    await until(() => bus.listeners === 0);
    const { looks } = build;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(build.looks).toBe(looks);
  });

  it('is let go at once by a client that leaves in the middle of a look', async () => {
    build.until = new Promise(() => undefined);
    const watching = new Watching(connect(await gateway()), PROGRESS, { index: INDEX_ID });
    await until(() => build.looks === 1);
    expect(bus.listeners).toBe(1);
    watching.stop();
    await until(() => bus.listeners === 0);
  });
});

describe('a connection', () => {
  it('runs queries and mutations too, with errors of the same kind', async () => {
    const client = connect(await gateway());
    const run = async (query: string): Promise<unknown> => {
      for await (const answer of client.iterate({ query })) return answer;
      return undefined;
    };
    expect(await run('{ models { id layers } }')).toEqual({
      data: { models: [{ id: 'model-1', layers: 12 }] },
    });
    expect(await run('{ adapter { name } }')).toMatchObject({
      data: { adapter: null },
      errors: [{ extensions: { code: 'INTERNAL' } }],
    });
  });

  it.each([
    ['{ nonsense }', 'QUERY_INVALID'],
    ['{ models {', 'QUERY_INVALID'],
    ['subscription { indexProgress(index: "x") { nonsense } }', 'QUERY_INVALID'],
    ['subscription { indexProgress { done } }', 'QUERY_INVALID'],
    [
      'subscription { a: indexProgress(index: "x") { done } b: indexProgress(index: "y") { done } }',
      'QUERY_INVALID',
    ],
    ['query A { models { id } } query B { models { id } }', 'QUERY_INVALID'],
    ['{a'.repeat(10_000), 'QUERY_TOO_DEEP'],
    [`{ ${'models { id } '.repeat(11)} }`, 'QUERY_TOO_COSTLY'],
  ])('is refused %s (%s), and stays open', async (query, code) => {
    const client = connect(await gateway());
    const refused = new Watching(client, query);
    await expect(refused.ended).rejects.toMatchObject([
      { extensions: { code, remedy: expect.any(String) as string } },
    ]);
    const watching = new Watching(client, PROGRESS, { index: INDEX_ID });
    await watching.until(1);
  });

  it('is told of variables that do not fit', async () => {
    const watching = new Watching(connect(await gateway()), PROGRESS, { index: { a: 1 } });
    await watching.ended;
    expect(watching.events).toMatchObject([{ errors: [{ extensions: { code: 'QUERY_INVALID' } }] }]);
  });

  it('may have a hundred operations at once, and not one more', async () => {
    const client = connect(await gateway());
    const all = Array.from({ length: 100 }, () => new Watching(client, PROGRESS, { index: INDEX_ID }));
    await Promise.all(all.map((watching) => watching.until(1)));
    await expect(new Watching(client, PROGRESS, { index: INDEX_ID }).ended).rejects.toMatchObject([
      { extensions: { code: 'QUERY_TOO_COSTLY' } },
    ]);
    client.terminate();
    await until(() => bus.listeners === 0);
  });

  it('ends when it sends too much, or what is no message', async () => {
    const door = await gateway();
    expect(await closedAfter(door, 'x'.repeat(3_000_000))).toBe(1009);
    expect(await closedAfter(door, 'nonsense')).toBe(4400);
    expect(await closedAfter(door, '{"type":"connection_ack"}')).toBe(4400);
    expect(
      await closedAfter(door, '{"type":"subscribe","id":"1","payload":{"query":"{ models { id } }"}}'),
    ).toBe(4401);
  });

  it('ends when it does not begin within three seconds', async () => {
    expect(await closedAfter(await gateway(), undefined)).toBe(4408);
  });

  it('is told 1001 when the gateway closes, which takes less than three seconds', async () => {
    const door = await gateway();
    const watching = new Watching(connect(door), PROGRESS, { index: INDEX_ID });
    await watching.until(1);
    const deaf = new WebSocket(door.url.replace('http', 'ws'), 'graphql-transport-ws');
    await new Promise((resolve) => deaf.once('open', resolve));
    deaf.pause();
    const started = performance.now();
    await door.close();
    expect(performance.now() - started).toBeLessThan(3000);
    await expect(watching.ended).rejects.toMatchObject({ code: 1001 });
    expect(bus.listeners).toBe(0);
    deaf.terminate();
  });
});

/** The code with which the server closes a connection on which this was said first. */
function closedAfter({ url }: Gateway, message: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
    socket.on('open', () => {
      if (message !== undefined) socket.send(message);
    });
    socket.on('close', resolve);
    socket.on('error', reject);
  });
}

describe('who may connect', () => {
  const outcome = async (client: Client): Promise<unknown> => {
    const watching = new Watching(client, PROGRESS, { index: INDEX_ID });
    return Promise.race([watching.until(1), watching.ended]).then(
      () => 'let in',
      (closed: unknown) => (closed as { code?: unknown }).code,
    );
  };

  it('shows the token in the first message', async () => {
    const door = await gateway({ token: 'secret' });
    expect(await outcome(connect(door, { authorization: 'Bearer secret' }))).toBe('let in');
    expect(await outcome(connect(door, { authorization: 'Bearer wrong' }))).toBe(4403);
    expect(await outcome(connect(door))).toBe(4401);
    expect((await ask(door.url, '{ models { id } }')).status).toBe(401);
  });

  it('or in the header of the upgrade', async () => {
    const door = await gateway({ token: 'secret' });
    const by = (authorization: string) => upgrade(door, { authorization });
    expect(await by('Bearer secret')).toBe(101);
    expect(await by('Bearer wrong')).toBe(401);
  });

  it('comes, without a token, under a name of this machine and from no page of another origin', async () => {
    const door = await gateway();
    expect(await upgrade(door, {})).toBe(101);
    expect(await upgrade(door, { origin: `http://127.0.0.1:${door.port}` })).toBe(101);
    expect(await upgrade(door, { origin: 'https://evil.example' })).toBe(403);
    expect(await upgrade(door, { host: 'evil.example' })).toBe(403);
    expect(await upgrade(door, {}, '/elsewhere')).toBe(404);
  });
});

/** The status that an upgrade is answered with. */
function upgrade(
  { port }: Gateway,
  headers: Record<string, string>,
  path = '/graphql',
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      ...{ host: '127.0.0.1', port, path },
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'sec-websocket-protocol': 'graphql-transport-ws',
        ...headers,
      },
    });
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response.statusCode);
    });
    request.on('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('error', reject);
    request.end();
  });
}
