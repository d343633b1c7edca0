import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryBus } from '../../../lib/bus/memory-bus.ts';
import { serve } from '../../../lib/bus/procedure.ts';
import { ReptraceError } from '../../../lib/errors.ts';
import { SILENT } from '../../../lib/log.ts';
import { signQuestions } from '../../../lib/mesh/compute-messages.ts';
import { identifyIndex, openIndex, searchIndex, type Manifest } from '../../../lib/mesh/index-messages.ts';
import type { Records } from '../../../lib/records/records.ts';
import { openSqliteRecords } from '../../../lib/records/sqlite-records.ts';
import { checkQuestion } from './check-question.ts';
import type { Trace } from './trace.ts';
import { Traces } from './traces.ts';

const MANIFEST = {
  model: { digest: 'm', path: '/m', adapter: null, layers: 6 },
  layers: { layers: [4] },
  maxTokens: null,
  dataset: { textWindow: null },
  taught: null,
} as unknown as Manifest;

const INDEX = '11111111-1111-4111-8111-111111111111';

const question = (output: string) => checkQuestion({ output, tokens: false });

describe('Traces', () => {
  let folder = '';
  let bus: MemoryBus;
  let records: Records;
  /** What stands in for compute waits for this. */
  let signing: Promise<void>;
  let signed = 0;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'reptrace-traces-'));
    bus = new MemoryBus();
    records = await openSqliteRecords(join(folder, 'records.sqlite'));
    signing = Promise.resolve();
    signed = 0;
    await serve(bus, openIndex, () =>
      Promise.resolve({ id: INDEX, name: 'n', manifest: MANIFEST, manifestDigest: 'd' }),
    );
    await serve(bus, identifyIndex, ({ index }) =>
      index === 'n'
        ? Promise.resolve({ id: INDEX })
        : Promise.reject(new ReptraceError('INDEX_NOT_FOUND', `there is no index ${index}`, 'List them.')),
    );
    await serve(bus, signQuestions, async ({ questions }) => {
      signed += 1;
      await signing;
      return { signatures: questions.map(() => ({ layers: [], loss: 1, truncated: false, lesson: null })) };
    });
    // One hit a message, as if each were large.
    await serve(bus, searchIndex, ({ skip, top }) => {
      const origin = { row: skip, line: skip + 1, sourceRow: skip, part: null };
      const text = {
        context: [],
        prompt: '',
        response: '',
        raw: null,
        label: null,
        metadata: {},
        taught: null,
      };
      const sample = { id: `s${skip}`, ...origin, ...text };
      const scores = { score: -skip, hiddenScore: 0, gradientScore: 0, evidence: null };
      const hit = { sample: { ...sample, truncated: false, loss: 1 }, ...scores };
      return Promise.resolve({ hits: [hit], more: skip + 1 < top, exact: true, recall: null });
    });
  });
  afterEach(async () => {
    await bus.close();
    await records.close();
    await rm(folder, { recursive: true });
  });

  const open = (waitMs: number): Traces => new Traces({ bus, records, log: SILENT, waitMs });
  const finished = async (traces: Traces, id: string): Promise<Trace> => {
    for (;;) {
      const answer = await traces.find(id);
      if (!('pending' in answer)) return answer;
    }
  };

  it('answers the same question from the records', async () => {
    const traces = open(5000);
    const first = await traces.ask(question('no'));
    expect(await traces.ask(question('no'))).toEqual(first);
    expect(await open(5000).ask(question('no'))).toEqual(first);
    expect(signed).toBe(1);
  });

  it('collects the matches over as many messages as they take', async () => {
    const { matches } = (await open(5000).ask({ ...question('no'), top: 3 })) as Trace;
    expect(matches.map(({ rank, sample }) => [rank, sample.row])).toEqual([
      [1, 0],
      [2, 1],
      [3, 2],
    ]);
  });

  it('makes one trace for those who ask at the same time', async () => {
    const traces = open(5000);
    const [a, b] = await Promise.all([traces.ask(question('no')), traces.ask(question('no'))]);
    expect(a).toEqual(b);
    expect(signed).toBe(1);
  });

  it('calls a slow answer pending, and gives it by its id when it is there', async () => {
    let go = (): void => undefined;
    signing = new Promise((resolve) => (go = resolve));
    const traces = open(20);
    const answer = await traces.ask(question('slow'));
    if (!('pending' in answer)) throw new Error('it was not pending');
    expect(await traces.find(answer.pending)).toEqual(answer);
    go();
    expect((await finished(traces, answer.pending)).id).toBe(answer.pending);
    expect(signed).toBe(1);
  });

  it('goes on with a pending trace of a process that ended', async () => {
    let go = (): void => undefined;
    signing = new Promise((resolve) => (go = resolve));
    const before = open(20);
    const answer = await before.ask(question('slow'));
    if (!('pending' in answer)) throw new Error('it was not pending');
    const ending = before.close();
    signing = Promise.resolve();
    expect((await finished(open(5000), answer.pending)).id).toBe(answer.pending);
    go();
    await ending;
  });

  it('gives the failure of a pending trace by its id, and tries again when it is asked again', async () => {
    let fail = (_: Error): void => undefined;
    signing = new Promise((_, reject) => (fail = reject));
    const traces = open(20);
    const answer = await traces.ask(question('bad'));
    if (!('pending' in answer)) throw new Error('it was not pending');
    fail(new ReptraceError('NOT_FINITE', 'it overflows', 'Look at it.'));
    await expect(finished(traces, answer.pending)).rejects.toMatchObject({ code: 'NOT_FINITE' });
    await expect(finished(open(20), answer.pending)).rejects.toMatchObject({ code: 'NOT_FINITE' });
    signing = Promise.resolve();
    expect(await open(5000).ask(question('bad'))).toMatchObject({ id: answer.pending });
  });

  it('refuses a method that the index cannot have before anything is signed', async () => {
    const asked = open(5000).ask(checkQuestion({ output: 'no', method: 'TAUGHT' }));
    await expect(asked).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('index n ') as string,
      remedy: expect.stringContaining('--base') as string,
    });
    expect(signed).toBe(0);
  });

  it('gives and lists what an earlier version recorded, its verdict unknown', async () => {
    const traces = open(5000);
    const { id } = (await traces.ask({ ...question('no'), top: 1 })) as Trace;
    const stored = await records.get<{ trace: Trace }>('traces', id);
    const { method, methodReason, verdict: _, ...older } = stored?.value.trace ?? ({} as Trace);
    expect([method, methodReason]).toEqual(['REPT', 'the index has no base model']);
    const questions = older.questions.map(({ verdict: _verdict, ...asked }) => asked);
    const matches = older.matches.map(({ evidence: _evidence, ...match }) => match);
    const trace = { ...older, questions, matches };
    await records.put('traces', id, { state: 'done', trace }, stored?.revision ?? 'absent');
    const read = await traces.find(id);
    expect(read).toMatchObject({
      ...{
        id,
        method: 'REPT',
        verdict: { state: 'UNKNOWN' },
        questions: [{ verdict: { state: 'UNKNOWN' } }],
      },
      ...{ methodReason: 'made by an earlier version', matches: [{ evidence: null }] },
    });
    expect(await traces.list(null, 10)).toEqual([read]);
  });

  it('goes on with a pending question of an earlier version', async () => {
    const id = 'a'.repeat(32);
    const { method: _, ...asked } = question('slow');
    await records.put('traces', id, { state: 'pending', question: { ...asked, alpha: 0.5 } }, 'absent');
    expect(await finished(open(5000), id)).toMatchObject({ id, method: 'REPT', alpha: 0.5 });
  });

  it('knows no trace that was never made', async () => {
    await expect(open(20).find('0'.repeat(32))).rejects.toMatchObject({ code: 'TRACE_NOT_FOUND' });
    await expect(open(20).find('../../x')).rejects.toMatchObject({ code: 'TRACE_NOT_FOUND' });
  });

  it('lists traces newest first, of one index or all', async () => {
    const traces = open(5000);
    for (const output of ['a', 'b', 'c']) {
      await traces.ask(question(output));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const outputs = (await traces.list(null, 2)).map(({ questions }) => questions[0]?.output);
    expect(outputs).toEqual(['c', 'b']);
    // By name or id, and of an index that is gone by its id alone.
    expect(await traces.list('n', 10)).toEqual(await traces.list(null, 10));
    expect(await traces.list(INDEX, 10)).toEqual(await traces.list(null, 10));
    expect(await traces.list(INDEX.replace('1', '2'), 10)).toEqual([]);
    await expect(traces.list('other', 10)).rejects.toMatchObject({ code: 'INDEX_NOT_FOUND' });
  });
});
