// The gateway over HTTP (gateway-subscriptions.test.ts: over WebSocket): one graph of three services, its limits, and what it says when something is missing.
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { getIntrospectionQuery } from 'graphql';
import { afterEach, describe, expect, it } from 'vitest';
import { startGateway, type Gateway, type GatewayOptions } from '../../gateway/gateway.ts';
import { MemoryBus } from '../../lib/bus/memory-bus.ts';
import { ReptraceError } from '../../lib/errors.ts';
import { serveSubgraph } from '../../lib/http/subgraph-server.ts';
import { SILENT } from '../../lib/log.ts';
import type { RequestContext } from '../../lib/mesh/service.ts';
import { ask } from './gateway-clients.ts';
import { computeSchema, indexSchema, INDEX_ID, reportingSchema, service } from './stand-ins.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const opened: { close(): Promise<void> }[] = [];
function open<T extends { close(): Promise<void> }>(thing: T): T {
  opened.push(thing);
  return thing;
}
afterEach(async () => {
  for (const thing of opened.splice(0).reverse()) await thing.close();
});

const localServices = () => ({
  compute: { schema: computeSchema() },
  index: { schema: indexSchema() },
  reporting: { schema: reportingSchema() },
});

async function gateway(options: Partial<GatewayOptions> = {}): Promise<Gateway> {
  const bus = open(new MemoryBus());
  const defaults = { bus, host: '127.0.0.1', port: 0, token: undefined, log: SILENT };
  return open(await startGateway({ ...defaults, services: localServices(), ...options }));
}

/** Every service as a process of its own would serve it, and a gateway that knows their URLs. */
async function remote(token?: string) {
  const serve = async (name: 'compute' | 'index' | 'reporting', schema = localServices()[name].schema) =>
    open(
      await serveSubgraph({ service: service(name, schema), host: '127.0.0.1', port: 0, token, log: SILENT }),
    );
  const servers = {
    compute: await serve('compute'),
    index: await serve('index'),
    reporting: await serve('reporting'),
  };
  return { servers, door: await gateway({ services: servers, token }) };
}

const THREE =
  '{ models { id layers } indexes { id name model { layers } } traces { id index { name } model { layers } } }';
const WHOLE = {
  models: [{ id: 'model-1', layers: 12 }],
  indexes: [{ id: INDEX_ID, name: 'animals', model: { layers: 12 } }],
  traces: [{ id: 'trace-1', index: { name: 'animals' }, model: { layers: 12 } }],
};

describe('one graph', () => {
  it('answers fields of three services in one query, in this process and over HTTP alike', async () => {
    const near = await gateway();
    const { door: far } = await remote('secret');
    expect(await ask(near.url, THREE)).toEqual({ status: 200, data: WHOLE });
    expect(await ask(far.url, THREE, { headers: { authorization: 'Bearer secret' } })).toEqual({
      status: 200,
      data: WHOLE,
    });
  });

  it('gives each request a context of its own', async () => {
    const contexts: RequestContext[] = [];
    const door = await gateway({
      services: { ...localServices(), compute: { schema: computeSchema(contexts) } },
    });
    await ask(door.url, '{ models { id } }');
    await ask(door.url, '{ models { id } }');
    expect(contexts).toHaveLength(2);
    expect(contexts[0].loaders).toBeInstanceOf(Map);
    expect(contexts[0].loaders).not.toBe(contexts[1].loaders);
  });

  it('tells its schema, the subscription included', async () => {
    const { data } = await ask((await gateway()).url, getIntrospectionQuery());
    expect(JSON.stringify(data)).toContain('"subscriptionType":{"name":"Subscription"');
  });

  it('answers queries by GET, and only where no web page can ask unnoticed', async () => {
    const { url } = await gateway();
    const get = (headers: Record<string, string>) => fetch(`${url}?query={models{id}}`, { headers });
    expect(await (await get({ 'apollo-require-preflight': 'true' })).json()).toEqual({
      data: { models: [{ id: 'model-1' }] },
    });
    const blocked = await get({});
    expect(blocked.status).toBe(400);
    expect(await blocked.json()).toMatchObject({ errors: [{ extensions: { code: 'QUERY_INVALID' } }] });
  });

  it('says where things are to whoever opens it in a browser', async () => {
    const { port } = await gateway();
    const response = await fetch(`http://127.0.0.1:${port}/`);
    expect(response.headers.get('content-type')).toContain('text/plain');
    expect(await response.text()).toContain('/graphql');
  });
});

describe('a service that is down', () => {
  it('nulls its fields with a named error, leaves the others, and comes back', async () => {
    const { door, servers } = await remote();
    await servers.reporting.close();
    const { data, errors } = await ask(door.url, THREE);
    expect(data).toEqual({ ...WHOLE, traces: null });
    expect(errors).toMatchObject([
      {
        path: ['traces'],
        message: 'the reporting service does not answer',
        extensions: { code: 'SERVICE_UNAVAILABLE' },
      },
    ]);
    expect(errors?.[0].extensions.remedy).toMatch(/reptrace serve reporting/);
    expect(Object.keys(errors?.[0].extensions ?? {}).sort()).toEqual(['code', 'remedy']);
    await expect(door.ready()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    open(
      await serveSubgraph({
        ...{
          service: service('reporting', reportingSchema()),
          host: '127.0.0.1',
          token: undefined,
          log: SILENT,
        },
        port: servers.reporting.port,
      }),
    );
    expect((await ask(door.url, THREE)).data).toEqual(WHOLE);
    await door.ready();
  });

  it('nulls the entity fields that it would have filled, with their place', async () => {
    const { door, servers } = await remote();
    await servers.compute.close();
    const { data, errors } = await ask(door.url, '{ indexes { id model { layers } } traces { id } }');
    expect(data).toEqual({
      indexes: [{ id: INDEX_ID, model: { layers: null } }],
      traces: [{ id: 'trace-1' }],
    });
    expect(errors).toMatchObject([
      { path: ['indexes', 0, 'model'], extensions: { code: 'SERVICE_UNAVAILABLE' } },
    ]);
  });

  it('puts a failure where the contract allows no null, and leaves the others', async () => {
    const { door, servers } = await remote();
    await servers.reporting.close();
    const trace =
      'traceBehavior(output: $text) { __typename ... on Trace { id } ... on TraceFailure { why: code message } }';
    const { data, errors } = await ask(door.url, `query($text: String!) { models { id } mine: ${trace} }`, {
      variables: { text: 'oink' },
    });
    expect(data).toEqual({
      models: [{ id: 'model-1' }],
      mine: {
        __typename: 'TraceFailure',
        why: 'SERVICE_UNAVAILABLE',
        message: 'the reporting service does not answer',
      },
    });
    expect(errors).toMatchObject([{ path: ['mine'], extensions: { code: 'SERVICE_UNAVAILABLE' } }]);
  });

  it('does not undo what another service did in the same mutation', async () => {
    const { door, servers } = await remote();
    await servers.compute.close();
    const { data } = await ask(
      door.url,
      `mutation { buildIndex(input: { name: "a", model: "m", dataset: "d" }) { ... on Index { id } }
        generate(input: { model: "m", prompts: [] }) { ... on Failure { code } } }`,
    );
    expect(data).toEqual({ buildIndex: { id: INDEX_ID }, generate: { code: 'SERVICE_UNAVAILABLE' } });
  });

  it('is also one that answers in something else, or refuses the gateway', async () => {
    const broken = createServer((_request, response) => response.writeHead(502).end('<html>/secret/path'));
    await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve));
    open({
      close: () =>
        new Promise<void>((resolve) =>
          broken.close(() => {
            resolve();
          }),
        ),
    });
    const guarded = open(
      await serveSubgraph({
        ...{ service: service('index', indexSchema()), host: '127.0.0.1', port: 0 },
        token: 'other',
        log: SILENT,
      }),
    );
    const url = `http://127.0.0.1:${(broken.address() as AddressInfo).port}/graphql`;
    const door = await gateway({ services: { ...localServices(), compute: { url }, index: guarded } });
    const { data, errors = [] } = await ask(door.url, THREE);
    expect(data).toMatchObject({ models: null, indexes: null });
    expect(JSON.stringify(errors)).not.toContain('secret');
    expect(errors.map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        'the compute service does not answer',
        'the index service refuses the gateway',
      ]),
    );
  });
});

describe('errors', () => {
  it.each([
    ['bad syntax', '{ models {'],
    ['an unknown field', '{ nonsense }'],
    ['a missing argument', '{ index { id } }'],
    ['an argument of another type', '{ traces(first: "x") { id } }'],
    ['no query', undefined],
    ['an empty query', ''],
    ['a query that is no text', { kind: 'Document' }],
    ['a subscription over plain HTTP', 'subscription { indexProgress(index: "x") { done } }'],
    ['an unknown fragment', '{ ...F }'],
    ['fragments in a circle', '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }'],
  ])('%s: QUERY_INVALID, with a remedy and status 400', async (_what, query) => {
    const { status, errors } = await ask((await gateway()).url, query);
    expect(status).toBe(400);
    expect(errors?.[0].extensions.code).toBe('QUERY_INVALID');
    expect(errors?.[0].extensions.remedy).toMatch(/\w/);
    expect(Object.keys(errors?.[0].extensions ?? {}).sort()).toEqual(['code', 'remedy']);
  });

  it('refuses variables that do not fit, and batches', async () => {
    const { url } = await gateway();
    const wrong = await ask(url, 'query($id: ID!) { index(id: $id) { id } }');
    expect(wrong).toMatchObject({ status: 400, errors: [{ extensions: { code: 'QUERY_INVALID' } }] });
    const batch = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([{ query: '{ models { id } }' }]),
    });
    expect(await batch.json()).toMatchObject({ errors: [{ extensions: { code: 'QUERY_INVALID' } }] });
  });

  it('keep code and remedy, and tell nothing of what nobody foresaw, from near and far', async () => {
    const { door: far } = await remote();
    for (const { url } of [await gateway(), far]) {
      const { data, errors } = await ask(url, '{ models { id } adapter { name } sample(id: "s") { id } }');
      expect(data).toEqual({ models: [{ id: 'model-1' }], adapter: null, sample: null });
      const told = Object.fromEntries((errors ?? []).map((error) => [String(error.path), error]));
      expect(told['sample']).toMatchObject({
        message: 'no store',
        extensions: { code: 'STORE_UNREACHABLE', remedy: 'Start it.' },
      });
      expect(told['adapter'].extensions.code).toBe('INTERNAL');
      expect(JSON.stringify(errors)).not.toMatch(/secret|stack|unforeseen/);
    }
  });
});

describe('limits', () => {
  it.each([
    ['10,000 levels', '{ a '.repeat(10_000), 'QUERY_TOO_DEEP'],
    ['10,000 levels of a list', `{ traces(first: ${'['.repeat(10_000)}`, 'QUERY_TOO_DEEP'],
    ['100,000 fields', `{ ${'a '.repeat(100_000)} }`, 'QUERY_TOO_COSTLY'],
    [
      '11 root fields',
      `{ ${Array.from({ length: 11 }, (_, i) => `a${i}: models { id }`).join(' ')} }`,
      'QUERY_TOO_COSTLY',
    ],
    [
      '4 traces',
      `{ ${[1, 2, 3, 4].map((i) => `t${i}: traceBehavior(output: "x") { __typename }`).join(' ')} }`,
      'QUERY_TOO_COSTLY',
    ],
  ])('%s: refused before anything costs', async (_what, query, code) => {
    const { url } = await gateway();
    const started = performance.now();
    expect(await ask(url, query)).toMatchObject({ status: 400, errors: [{ extensions: { code } }] });
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('holds for GET too', async () => {
    const { url } = await gateway();
    const response = await fetch(`${url}?query=${'{a'.repeat(1000)}`, {
      headers: { 'apollo-require-preflight': '1' },
    });
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'QUERY_TOO_DEEP' } }] });
  });

  it.each([true, false])('refuses a body of 50 MB without keeping it (length told: %s)', async (told) => {
    const { url } = await gateway();
    const kept = (): number => {
      collectGarbage();
      return process.memoryUsage().arrayBuffers;
    };
    const before = kept();
    let highest = 0;
    const answer = await postZeros(url, 50_000_000, told, (sent) => {
      if (sent % 10_000_000 === 0) highest = Math.max(highest, kept() - before);
    });
    expect(answer.status).toBe(413);
    expect(answer.body).toMatchObject({ errors: [{ extensions: { code: 'REQUEST_TOO_LARGE' } }] });
    // What is on its way at that moment, on both sides of this process, but never the body.
    expect(highest).toBeLessThan(25_000_000);
    expect((await ask(url, '{ models { id } }')).status).toBe(200);
  });

  it('takes no compressed bodies, and nothing that is not JSON', async () => {
    const { url } = await gateway();
    const post = async (headers: Record<string, string>, body: string) => {
      const response = await fetch(url, { method: 'POST', headers, body });
      return { status: response.status, ...((await response.json()) as object) };
    };
    const invalid = { errors: [{ extensions: { code: 'QUERY_INVALID' } }] };
    expect(await post({ 'content-type': 'application/json', 'content-encoding': 'gzip' }, 'x')).toMatchObject(
      { status: 415, ...invalid },
    );
    expect(await post({ 'content-type': 'application/json' }, '{"query"')).toMatchObject({
      status: 400,
      ...invalid,
    });
    expect(await post({ 'content-type': 'text/plain' }, '{"query":"{models{id}}"}')).toMatchObject({
      status: 400,
      ...invalid,
    });
  });
});

/** Streams zeros to their end, as fast as they are taken; the answer may come before. */
function postZeros(url: string, bytes: number, tellLength: boolean, onChunk: (sent: number) => void) {
  return new Promise<{ status: number | undefined; body: unknown }>((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      ...(tellLength ? { 'content-length': bytes } : {}),
    };
    let text = '';
    const request = httpRequest(url, { method: 'POST', headers }, (response) => {
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => {
        resolve({ status: response.statusCode, body: JSON.parse(text) });
      });
    });
    request.on('error', reject);
    const chunk = Buffer.alloc(100_000, 48);
    let sent = 0;
    const send = (): void => {
      onChunk(sent);
      if (sent === bytes) {
        request.end();
        return;
      }
      sent += chunk.length;
      if (request.write(chunk)) setImmediate(send);
      else request.once('drain', send);
    };
    send();
  });
}

describe('who may ask', () => {
  it.each(['0.0.0.0', '::', '192.0.2.1', 'example.org'])(
    'does not listen on %s without a token',
    async (host) => {
      await expect(gateway({ host })).rejects.toMatchObject({ code: 'TOKEN_REQUIRED' });
      await expect(
        serveSubgraph({
          service: service('compute', computeSchema()),
          host,
          port: 0,
          token: undefined,
          log: SILENT,
        }),
      ).rejects.toMatchObject({ code: 'TOKEN_REQUIRED' });
    },
  );

  it('listens everywhere with a token, and then lets in only who shows it', async () => {
    const { port } = await gateway({ host: '0.0.0.0', token: 'secret' });
    const url = `http://127.0.0.1:${port}/graphql`;
    const as = (authorization: string) => ask(url, '{ models { id } }', { headers: { authorization } });
    for (const refused of [
      await ask(url, '{ models { id } }'),
      await as('Bearer wrong'),
      await as('secret'),
    ]) {
      expect(refused).toMatchObject({ status: 401, errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
    }
    expect(await as('Bearer secret')).toMatchObject({ status: 200, data: { models: [{ id: 'model-1' }] } });
  });

  it('refuses, without a token, names that are not this machine and pages of other origins', async () => {
    const { port } = await gateway();
    const post = (headers: Record<string, string>) =>
      new Promise<number | undefined>((resolve, reject) => {
        const request = httpRequest(
          {
            host: '127.0.0.1',
            port,
            path: '/graphql',
            method: 'POST',
            headers: { 'content-type': 'application/json', ...headers },
          },
          (response) => {
            response.resume();
            resolve(response.statusCode);
          },
        );
        request.on('error', reject);
        request.end('{"query":"{ models { id } }"}');
      });
    expect(await post({ host: 'evil.example' })).toBe(403);
    expect(await post({ host: `evil.example:${port}` })).toBe(403);
    expect(await post({ origin: 'https://evil.example' })).toBe(403);
    expect(await post({ origin: 'null' })).toBe(403);
    expect(await post({ host: `localhost:${port}` })).toBe(200);
    expect(await post({ origin: `http://127.0.0.1:${port}` })).toBe(200);
  });

  it('names host, port and --port when the port is taken', async () => {
    const { port } = await gateway();
    await expect(gateway({ port })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(`127.0.0.1:${port}`) as string,
      remedy: expect.stringContaining('--port') as string,
    });
  });
});

describe('health', () => {
  it('is ready when every service answers, and says which does not', async () => {
    const { door, servers } = await remote();
    const ready = async () => {
      const response = await fetch(`http://127.0.0.1:${door.port}/readyz`);
      return { status: response.status, ...((await response.json()) as object) };
    };
    expect((await fetch(`http://127.0.0.1:${door.port}/livez`)).status).toBe(200);
    expect(await ready()).toEqual({ status: 200, ok: true });
    await servers.index.close();
    expect(await ready()).toMatchObject({
      status: 503,
      code: 'SERVICE_UNAVAILABLE',
      message: 'the index service does not answer',
    });
  });

  it('tells a service’s own readiness at its own port, whole only to who shows the token', async () => {
    const unready = {
      ...service('index', indexSchema()),
      ready: () => Promise.reject(new ReptraceError('STORE_UNREACHABLE', 'no store at x', 'Start it.')),
    };
    const { port } = open(
      await serveSubgraph({ service: unready, host: '127.0.0.1', port: 0, token: 'secret', log: SILENT }),
    );
    const probe = async (headers: Record<string, string>) => {
      const response = await fetch(`http://127.0.0.1:${port}/readyz`, { headers });
      return { status: response.status, ...((await response.json()) as object) };
    };
    expect(await probe({})).toEqual({ status: 503, code: 'STORE_UNREACHABLE' });
    expect(await probe({ authorization: 'Bearer secret' })).toEqual({
      ...{ status: 503, code: 'STORE_UNREACHABLE' },
      ...{ message: 'no store at x', remedy: 'Start it.' },
    });
  });

  it('closes within three seconds with requests at work, and closes twice without harm', async () => {
    const hanging = createServer(() => undefined);
    await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
    open({
      close: () =>
        new Promise<void>((resolve) => {
          hanging.closeAllConnections();
          hanging.close(() => {
            resolve();
          });
        }),
    });
    const url = `http://127.0.0.1:${(hanging.address() as AddressInfo).port}/graphql`;
    const door = await gateway({ services: { ...localServices(), reporting: { url } } });
    const asked = ask(door.url, '{ traces { id } }').catch(() => 'cut off');
    await new Promise((resolve) => setTimeout(resolve, 200));
    const started = performance.now();
    await Promise.all([door.close(), door.close()]);
    expect(performance.now() - started).toBeLessThan(3000);
    expect(await asked).toBe('cut off');
  });
});
