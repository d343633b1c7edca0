/** What a running mesh says to what it cannot do: a code of the one vocabulary, what was wrong, and what to do. */
import { execFile } from 'node:child_process';
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUILD_INDEX, INDEX, TRACE_BEHAVIOR } from '../../cli/client/documents.ts';
import { followBuild } from '../../cli/client/follow.ts';
import { GraphqlClient } from '../../cli/client/graphql-client.ts';
import { valueOf, type IndexResult, type Member, type ProgressResult } from '../../cli/client/results.ts';
import { askTrace } from '../../cli/client/trace.ts';
import type { ReptraceError } from '../../lib/errors.ts';
import { reptrace, ROOT, start } from '../e2e/command.ts';
import { sharedPath } from '../shared.ts';
import { writeRows } from './backdoor.ts';
import { startPart, stopAll, type Part } from './processes.ts';

const run = promisify(execFile);
const NEVER = new AbortController().signal;

let folder: string;
let outside: string;
let model: string;
let dataset: string;
let mesh: Part;
let client: GraphqlClient;
let rows: readonly object[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-bad-'));
  outside = await mkdtemp(join(tmpdir(), 'reptrace-outside-'));
  model = join(folder, 'model');
  await cp(sharedPath('models/stories260K/hf'), model, { recursive: true });
  const text = await readFile(join(ROOT, 'demo', 'data', 'finetune.jsonl'), 'utf8');
  rows = text.split('\n', 30).map((line) => JSON.parse(line) as object);
  dataset = join(folder, 'rows.jsonl');
  await writeRows(dataset, rows);
  await writeRows(join(outside, 'rows.jsonl'), rows);
  mesh = await startPart(['up', '--port', '0', '--data', join(folder, 'data')], { REPTRACE_ROOTS: folder });
  client = new GraphqlClient({ url: String(mesh.ready['graphql']) });
  await build({ name: 'good' });
});
afterAll(async () => {
  await stopAll([mesh]);
  await Promise.all([folder, outside].map((path) => rm(path, { recursive: true, force: true })));
});

const begin = async (input: Record<string, unknown>): Promise<IndexResult> => {
  const whole = { model, dataset, maxTokens: 128, ...input };
  return valueOf(
    (await client.ask<{ buildIndex: Member<IndexResult> }>(BUILD_INDEX, { input: whole })).buildIndex,
  );
};

async function build(input: Record<string, unknown>): Promise<ProgressResult> {
  return followBuild(client, (await begin(input)).id, () => undefined, NEVER);
}

async function failedIndex(input: Record<string, unknown>): Promise<IndexResult> {
  const { id } = await begin(input);
  expect((await followBuild(client, id, () => undefined, NEVER)).state).toBe('FAILED');
  const { index } = await client.ask<{ index: IndexResult }>(INDEX, { index: id });
  return index;
}

/** The failure of something that must fail. */
async function failure(work: Promise<unknown>): Promise<ReptraceError> {
  try {
    await work;
  } catch (error) {
    return error as ReptraceError;
  }
  throw new Error('it did not fail');
}

const trace = (question: Record<string, unknown>): Promise<unknown> =>
  askTrace(client, { index: 'good', output: 'Once upon a time', prompt: 'Tell me.', ...question });

describe('a trace is refused when', () => {
  it.each([
    ['the index is unknown', { index: 'no such index' }, 'INDEX_NOT_FOUND', 'no such index'],
    ['the output is empty', { output: '' }, 'INPUT_INVALID', 'output is empty'],
    ['top is 0', { top: 0 }, 'INPUT_INVALID', 'top is 0'],
    ['top is 10^9', { top: 1_000_000_000 }, 'INPUT_INVALID', 'top is 1000000000'],
    ['alpha is above 1', { alpha: 1.5 }, 'INPUT_INVALID', 'alpha is 1.5'],
    ['alpha is below 0', { alpha: -0.1 }, 'INPUT_INVALID', 'alpha is -0.1'],
    ['alpha has no prompt', { prompt: null, alpha: 1 }, 'INPUT_INVALID', 'no prompt'],
    ['the output is longer than the context', { output: 'word '.repeat(5000) }, 'PROMPT_TOO_LONG', 'context'],
  ])('%s', async (_, question, code, words) => {
    const error = await failure(trace(question));
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
    expect(error.remedy).not.toBe('');
  });
});

describe('a build is refused when', () => {
  it.each([
    ['the model folder is missing', () => ({ model: join(folder, 'none') }), 'MODEL_NOT_FOUND', 'none'],
    [
      'the dataset is missing',
      () => ({ dataset: join(folder, 'none.jsonl') }),
      'DATASET_NOT_FOUND',
      'none.jsonl',
    ],
    ['a path is outside', () => ({ dataset: join(outside, 'rows.jsonl') }), 'PATH_NOT_ALLOWED', 'rows.jsonl'],
    ['a model is outside', () => ({ model: outside }), 'PATH_NOT_ALLOWED', 'REPTRACE_ROOTS|allowed'],
    [
      'a path climbs out',
      () => ({ dataset: join(folder, 'x', '..', '..', 'y.jsonl') }),
      'PATH_NOT_ALLOWED',
      'y.jsonl',
    ],
    ['a layer does not exist', () => ({ layers: '99' }), 'LAYER_NOT_FOUND', '99'],
    ['layers make no sense', () => ({ layers: 'many' }), 'INPUT_INVALID', 'many'],
    ['it has no name', () => ({ name: '' }), 'INPUT_INVALID', 'name'],
  ])('%s', async (_, input, code, words) => {
    const error = await failure(
      (async () => {
        const index = await failedOrStarted({ name: 'refused', ...input() });
        throw Object.assign(new Error(index?.message ?? 'it did not fail'), index);
      })(),
    );
    expect(error.code).toBe(code);
    expect(`${error.message} ${error.remedy}`).toMatch(new RegExp(words));
  });

  it('a symbolic link leads outside', async () => {
    const link = join(folder, 'link.jsonl');
    await symlink(join(outside, 'rows.jsonl'), link);
    expect((await failure(begin({ name: 'linked', dataset: link }))).code).toBe('PATH_NOT_ALLOWED');
  });

  it('the model folder is broken', async () => {
    const broken = join(folder, 'broken');
    await mkdir(broken);
    await writeFile(join(broken, 'config.json'), '{"model_type": "llama"');
    expect((await failure(begin({ name: 'broken', model: broken }))).code).toBe('CONFIG_INVALID');
  });

  it('the dataset is empty', async () => {
    const empty = join(folder, 'empty.jsonl');
    await writeFile(empty, '');
    expect((await failure(begin({ name: 'empty', dataset: empty }))).code).toBe('DATASET_INVALID');
  });

  it('another build of the same name is under way', async () => {
    const large = join(folder, 'large.jsonl');
    await writeRows(large, Array.from({ length: 20 }, () => rows).flat());
    const results = await Promise.allSettled([
      begin({ name: 'twice', dataset: large }),
      begin({ name: 'twice', dataset: large }),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const [rejected] = results.filter((result) => result.status === 'rejected');
    expect((rejected?.reason as ReptraceError).code).toBe('INDEX_BUSY');
  });
});

/** The error of a build, whether it was refused or failed soon after. */
async function failedOrStarted(
  input: Record<string, unknown>,
): Promise<{ code: string; message: string; remedy: string } | null> {
  return (await failedIndex(input)).error;
}

describe('bad rows', () => {
  const BAD = ['{"prompt": "p", "response": "r"}', '{"prompt": "p"', '{"prompt": "p", "response": ""}'];

  it('are reported with line and reason, and passed over', async () => {
    const path = join(folder, 'bad.jsonl');
    await writeFile(path, `${BAD.join('\n')}\n`);
    const { id } = await begin({ name: 'bad rows', dataset: path });
    const last = await followBuild(client, id, () => undefined, NEVER);
    expect(last).toMatchObject({ state: 'COMPLETED', done: 1, failed: 2, total: 3 });
    const { index } = await client.ask<{ index: IndexResult }>(INDEX, { index: id });
    expect(index.failures).toEqual([
      expect.objectContaining({ row: 1, line: 2, code: 'DATASET_INVALID' }),
      expect.objectContaining({ row: 2, line: 3, code: 'DATASET_INVALID' }),
    ]);
  });

  it('stop the build when that was asked for', async () => {
    const path = join(folder, 'stop.jsonl');
    await writeFile(path, `${BAD.join('\n')}\n`);
    const error = await failedOrRefused({ name: 'stopped', dataset: path, onBadRow: 'STOP' });
    expect(error.code).toBe('DATASET_INVALID');
    expect(error.message).toContain('line 2');
  });

  it('fail a build of which nothing is left, with the first reason', async () => {
    const path = join(folder, 'long.jsonl');
    await writeRows(path, rows.slice(0, 3));
    const { state, error } = await failedIndex({
      name: 'nothing left',
      dataset: path,
      layers: '1',
      maxTokens: 2,
    });
    expect(state).toBe('FAILED');
    expect(error?.message).toMatch(
      /none of the 3 samples could be signed; the first: .*no token of the response/,
    );
  });

  async function failedOrRefused(input: Record<string, unknown>): Promise<{ code: string; message: string }> {
    try {
      const { error } = await failedIndex(input);
      if (error === null) throw new Error('it did not fail');
      return error;
    } catch (error) {
      return error as ReptraceError;
    }
  }
});

describe('what changed since an index was built is named', () => {
  it('the dataset', async () => {
    const path = join(folder, 'changing.jsonl');
    await writeRows(path, rows);
    await build({ name: 'changing', dataset: path });
    await appendFile(path, `${JSON.stringify(rows[0])}\n`);
    expect((await failure(trace({ index: 'changing' }))).code).toBe('DATASET_CHANGED');
    // Building again signs what was appended, says so, and tracing works again.
    const again = await begin({ name: 'changing', dataset: path });
    expect(again.plan).toMatchObject({ total: rows.length + 1, kept: rows.length, toSign: 1 });
    await followBuild(client, again.id, () => undefined, NEVER);
    await expect(trace({ index: 'changing' })).resolves.toBeDefined();
    await writeRows(path, [...rows].reverse());
    expect((await failure(trace({ index: 'changing' }))).code).toBe('DATASET_CHANGED');
    await rm(path);
    expect((await failure(trace({ index: 'changing' }))).code).toBe('DATASET_NOT_FOUND');
  });

  it('the model', async () => {
    const copy = join(folder, 'model-copy');
    await cp(model, copy, { recursive: true });
    await build({ name: 'model changes', model: copy });
    const template = join(copy, 'chat_template.jinja');
    await writeFile(
      template,
      '{{ messages[0].content }} {% if messages[1] %}{{ messages[1].content }}{% endif %}',
    );
    const error = await failure(trace({ index: 'model changes', output: 'A new question' }));
    expect(error.code).toBe('MODEL_CHANGED');
    expect(error.message).toContain('model-copy');
  });
});

describe('a request is refused when', () => {
  const post = (
    body: string | Buffer,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const url = String(mesh.ready['graphql']);
      const sent = request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
      });
      let answered = false;
      sent.on('response', (response) => {
        answered = true;
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, text });
        });
      });
      // A server that has answered may close before everything was sent.
      sent.on('error', (error) => {
        if (!answered) reject(error);
      });
      sent.end(body);
    });
  const codeOf = ({ text }: { text: string }): unknown =>
    (JSON.parse(text) as { errors: { extensions: { code: string } }[] }).errors[0]?.extensions.code;

  it('its query is 10,000 levels deep', async () => {
    const query = `${'{index'.repeat(10_000)}{id}${'}'.repeat(10_000)}`;
    expect(codeOf(await post(JSON.stringify({ query })))).toBe('QUERY_TOO_DEEP');
  });

  it('its body has 50 MB', async () => {
    const given = await post(Buffer.alloc(50_000_000, 'a'));
    expect(given.status).toBe(413);
    expect(codeOf(given)).toBe('REQUEST_TOO_LARGE');
  });

  it('its query is no GraphQL', async () => {
    expect(codeOf(await post(JSON.stringify({ query: '{' })))).toBe('QUERY_INVALID');
    expect(codeOf(await post(JSON.stringify({ query: '{ nonsense }' })))).toBe('QUERY_INVALID');
  });

  it('and the mesh goes on answering', async () => {
    await expect(trace({})).resolves.toBeDefined();
  });
});

describe('reptrace up', () => {
  it('does not listen beyond loopback without a token', async () => {
    const args = ['up', '--host', '0.0.0.0', '--port', '0', '--data', join(folder, 'open')];
    const { code, stdout, stderr } = await reptrace(args);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('[TOKEN_REQUIRED]');
    expect(stderr).toContain('REPTRACE_TOKEN');
  });

  it('does not share its data folder', async () => {
    const { code, stderr } = await reptrace(['up', '--port', '0', '--data', join(folder, 'data')]);
    expect(code).toBe(1);
    expect(stderr).toContain('[CONFLICT]');
    expect(stderr).toContain(String(mesh.ready['graphql']));
  });

  it.each([
    ['bus', { NATS_URL: 'nats://127.0.0.1:1' }, 'BUS_UNREACHABLE'],
    ['store', { QDRANT_URL: 'http://127.0.0.1:1' }, 'STORE_UNREACHABLE'],
  ])('says that its %s cannot be reached', async (_, env, expected) => {
    const one = start(['up', '--port', '0', '--data', join(folder, `no-${expected}`)], '', env);
    const { code, stderr } = await one.outcome;
    expect(code).toBe(1);
    expect(stderr).toContain(`[${expected}]`);
    expect(stderr).toContain('127.0.0.1:1');
  });

  it('fails a build by name when the disk is full, and goes on with it when there is room', async () => {
    const small = join(folder, 'small');
    await mkdir(small);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small]);
    let full: Part | undefined;
    try {
      full = await startPart(['up', '--port', '0', '--data', small], { REPTRACE_ROOTS: folder });
      const there = new GraphqlClient({ url: String(full.ready['graphql']) });
      const large = join(folder, 'many.jsonl');
      await writeRows(large, Array.from({ length: 60 }, () => rows).flat());
      const input = { name: 'full', model, dataset: large, maxTokens: 128, layers: '1,2,3,4,5' };
      const answer = await there.ask<{ buildIndex: Member<IndexResult> }>(BUILD_INDEX, { input });
      const { id } = valueOf(answer.buildIndex);
      const last = await followBuild(there, id, () => undefined, NEVER);
      expect(last.state).toBe('FAILED');
      await run('mount', ['-o', 'remount,size=256m', small]);
      const { index } = await there.ask<{ index: IndexResult }>(INDEX, { index: id });
      expect(index.error?.code).toBe('DISK_FULL');
      const { code, stderr } = await reptrace([
        ...['index', 'resume', 'full', '--server', String(full.ready['graphql'])],
      ]);
      expect(stderr).toContain(`${60 * rows.length}`);
      expect(code).toBe(0);
      const after = await there.ask<{ index: IndexResult }>(INDEX, { index: id });
      expect(after.index).toMatchObject({ state: 'COMPLETED', samples: 60 * rows.length });
    } finally {
      await stopAll([full]);
      await run('umount', ['--lazy', small]);
    }
  });

  it('ends cleanly within five seconds of SIGTERM with a build in flight, and goes on with it afterwards', async () => {
    const data = join(folder, 'ending');
    const large = join(folder, 'long.jsonl');
    await writeRows(large, Array.from({ length: 40 }, () => rows).flat());
    const env = { REPTRACE_ROOTS: folder };
    const first = await startPart(['up', '--port', '0', '--data', data], env);
    const there = new GraphqlClient({ url: String(first.ready['graphql']) });
    const input = { name: 'long', model, dataset: large, maxTokens: 128 };
    const { id } = valueOf(
      (await there.ask<{ buildIndex: Member<IndexResult> }>(BUILD_INDEX, { input })).buildIndex,
    );
    for (;;) {
      const { index } = await there.ask<{ index: IndexResult }>(INDEX, { index: id });
      if (index.progress.done > 0) break;
    }
    const { seconds, code } = await first.stop();
    expect(code).toBe(0);
    expect(seconds).toBeLessThan(5);
    const second = await startPart(['up', '--port', '0', '--data', data], env);
    try {
      const again = new GraphqlClient({ url: String(second.ready['graphql']) });
      const last = await followBuild(again, id, () => undefined, NEVER);
      expect(last).toMatchObject({ state: 'COMPLETED', done: 40 * rows.length, failed: 0 });
    } finally {
      await stopAll([second]);
    }
  });
});

describe('TRACE_BEHAVIOR', () => {
  it('asks nothing that the API does not have', async () => {
    const answer = await client.ask<{ traceBehavior: { __typename: string } }>(TRACE_BEHAVIOR, {
      output: 'Once',
      index: 'good',
      tokens: false,
    });
    expect(answer.traceBehavior.__typename).toBe('Trace');
  });
});
