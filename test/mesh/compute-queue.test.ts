/** Batches of a build through the work queue to a compute worker, with a real model on a real (software) GPU. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call } from '../../lib/bus/procedure.ts';
import {
  describeModel,
  prepareTaught,
  SIGN_QUEUE,
  signQuestions,
  textPair,
  type SignTask,
  type TaughtSetup,
  type TextPair,
} from '../../lib/mesh/compute-messages.ts';
import type { SignedRow } from '../../lib/mesh/index-messages.ts';
import { Random } from '../../lib/random.ts';
import { KEPT_TOKENS } from '../../lib/taught/constants.ts';
import { lessonTotal, unpackLesson, type Lesson } from '../../lib/taught/lesson.ts';
import { signaturesOfBatch } from '../../services/compute/engine/attribution/signature.ts';
import { expectClose } from '../closeness.ts';
import { Build, ComputeMesh, STORIES, until, withEngine } from './compute-parts.ts';
import { DEMO, demoModels, demoRows, plantedPositions, plantedRows } from './demo-rows.ts';

let mesh: ComputeMesh;

beforeEach(async () => {
  mesh = await ComputeMesh.open();
});

afterEach(async () => {
  await mesh.close();
});

async function taskOf(build: Build, count: number, changes: Partial<SignTask> = {}): Promise<SignTask> {
  const { digest } = await call(mesh.bus, describeModel, { model: { path: STORIES } });
  const random = new Random(1);
  const words = 'the little girl saw a big red ball and ran to her mom'.split(' ');
  const say = (most: number): string =>
    Array.from({ length: 1 + random.int(most) }, () => random.pick(words)).join(' ');
  const rows = Array.from({ length: count }, (_, row) => ({
    ...{ row, context: [], prompt: say(10), response: say(60), raw: null },
  }));
  return {
    index: build.index,
    model: { digest, path: STORIES },
    layers: [2, 4],
    maxTokens: null,
    taught: null,
    rows,
    ...changes,
  };
}

async function taughtTask(
  build: Build,
  texts: readonly TextPair[],
): Promise<SignTask & { readonly taught: TaughtSetup }> {
  const { model, base } = await demoModels(mesh.bus);
  const rows = texts.map((text, row) => ({ ...textPair(text), row }));
  const asked = { asked: null, model, base, layers: [4], maxTokens: null, rows };
  const { seed, centre, beginningCentre } = await call(mesh.bus, prepareTaught, asked);
  const taught = { base, seed, centre, beginningCentre };
  return { index: build.index, model, layers: [4], maxTokens: null, taught, rows };
}

function lessonOf(row: SignedRow | undefined): Lesson {
  if (row === undefined || 'code' in row || row.lesson === null) throw new Error('a row has no lesson');
  return unpackLesson(row.lesson);
}

describe('the work queue', () => {
  it('brings every row to the build exactly once, bad rows with their reason', async () => {
    await mesh.start();
    const build = new Build();
    await build.serve(mesh.bus);
    const task = await taskOf(build, 40, { maxTokens: 100 });
    const rows = task.rows.map((row) => {
      if (row.row === 7) return { ...row, prompt: 'word '.repeat(600) };
      return row.row === 9 ? { ...row, response: 'word '.repeat(600) } : row;
    });
    await mesh.add({ ...task, rows: rows.slice(0, 25) });
    await mesh.add({ ...task, rows: rows.slice(25) });
    await until('40 rows have arrived', () => build.rows.length >= 40);
    expect(build.rows.map(({ row }) => row).sort((a, b) => a - b)).toEqual(rows.map(({ row }) => row));
    const byRow = new Map(build.rows.map((row) => [row.row, row]));
    expect(byRow.get(7)).toMatchObject({
      code: 'INPUT_INVALID',
      reason: expect.stringContaining('prompt takes') as string,
    });
    expect(byRow.get(9)).toMatchObject({ truncated: true });
    expect(byRow.get(8)).toMatchObject({ truncated: false });
    const queue = await mesh.bus.queue(SIGN_QUEUE);
    await until('the tasks are done', async () => (await queue.size(build.index)) === 0);

    await withEngine(async (model, render) => {
      for (const { row, prompt, response } of rows.filter(({ row: index }) => index !== 7)) {
        const [one] = await signaturesOfBatch(model, [render(prompt, response, 100)], {
          layers: task.layers,
        });
        const signed = byRow.get(row);
        if (one === undefined || signed === undefined || 'error' in one || 'code' in signed)
          throw new Error(`row ${row}`);
        expect(Math.abs(signed.loss - one.loss)).toBeLessThan(1e-6 * Math.max(1, one.loss));
        expect(signed.lesson).toBeNull();
        for (const { layer, hidden, gradient } of signed.layers) {
          const alone = one.layers.get(layer);
          expectClose(`row ${row}, layer ${layer}: hidden`, hidden, alone?.hidden ?? [], 1e-5);
          expectClose(`row ${row}, layer ${layer}: gradient`, gradient, alone?.gradient ?? [], 1e-5);
        }
      }
    });
  });

  it('waits for a build whose service is away, and loses nothing', async () => {
    await mesh.start();
    const build = new Build();
    await mesh.add(await taskOf(build, 10));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await build.serve(mesh.bus);
    await until('the rows have arrived', () => build.rows.length === 10);
    expect(build.reports).toHaveLength(1);
  });

  it('drops a task whose build says that it does not go on', async () => {
    await mesh.start();
    const build = new Build();
    build.goOn = false;
    await build.serve(mesh.bus);
    const { rows, ...task } = await taskOf(build, 30);
    const long = rows.map((row) => ({ ...row, response: 'the cat ran '.repeat(60) }));
    await mesh.add({ ...task, rows: long });
    const queue = await mesh.bus.queue(SIGN_QUEUE);
    await until('the task is done', async () => (await queue.size(build.index)) === 0);
    expect(build.rows.length).toBeLessThan(30);
  });

  it('has a task that was delivered too often split, without running it', async () => {
    const first = await mesh.start();
    const build = new Build();
    await build.serve(mesh.bus);
    const task = await taskOf(build, 4);
    await first.close();
    const queue = await mesh.bus.queue(SIGN_QUEUE);
    let deliveries = 0;
    const dying = await queue.consume(
      () => {
        deliveries += 1;
        return Promise.reject(new Error('the worker died'));
      },
      { concurrency: 1 },
    );
    await mesh.add(task);
    await until('it was delivered three times', () => deliveries === 3);
    await dying.close();
    await mesh.start();
    await until('it is reported', () => build.reports.some(({ kind }) => kind === 'split'));
    expect(build.reports.filter(({ kind }) => kind === 'split')).toEqual([
      { kind: 'split', task: expect.any(String) as string, rows: [0, 1, 2, 3] },
    ]);
    expect(build.rows).toEqual([]);
    await until('the task is done', async () => (await queue.size(build.index)) === 0);
  });

  it('tells the build when no worker has its model, or the model has no such layer', async () => {
    await mesh.start();
    const gone = new Build();
    const wrong = new Build();
    await gone.serve(mesh.bus);
    await wrong.serve(mesh.bus);
    await mesh.add(await taskOf(gone, 3, { model: { digest: 'b'.repeat(64), path: STORIES } }));
    await mesh.add(await taskOf(wrong, 3, { layers: [9] }));
    await until('the wrong build is told', () => wrong.reports.length > 0);
    expect(wrong.reports).toEqual([expect.objectContaining({ kind: 'impossible', code: 'LAYER_NOT_FOUND' })]);
    const told = (): boolean => gone.reports.some(({ kind }) => kind === 'impossible');
    await until('the other build is told', told);
    expect(gone.reports.at(-1)).toMatchObject({ kind: 'impossible', code: 'MODEL_CHANGED' });
    expect(gone.rows).toEqual([]);
  });

  it('tells the build when a worker computes with numbers of another class than the index has', async () => {
    await mesh.start([], { numbers: 'mixed' });
    const build = new Build();
    await build.serve(mesh.bus);
    await mesh.add(await taskOf(build, 3, { precision: 'f32' }));
    await until('the build is told', () => build.reports.length > 0);
    expect(build.reports).toEqual([
      expect.objectContaining({
        ...{ kind: 'impossible', code: 'CONFIG_INVALID' },
        message: 'the index is of f32 numbers, and this worker computes with mixed ones',
      }),
    ]);
  });

  it('leaves a task to another worker that has the model', async () => {
    const build = new Build();
    await build.serve(mesh.bus);
    const path = await mesh.copy('models/here');
    await mesh.start();
    const { digest } = await call(mesh.bus, describeModel, { model: { path } });
    const task = await taskOf(build, 5, { model: { digest } });
    await mesh.add(task);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await mesh.start([join(mesh.folder, 'models')]);
    await until('the rows have arrived', () => build.rows.length === 5);
    expect(build.reports.every(({ kind }) => kind === 'signed')).toBe(true);
  });

  it('signs with a base, and the lessons of poisoned rows point at their planted words', async () => {
    await mesh.start();
    const build = new Build();
    await build.serve(mesh.bus);
    const planted = plantedRows(await demoRows(), 4);
    await mesh.add(await taughtTask(build, planted));
    await until('the rows have arrived', () => build.rows.length === planted.length);
    const byRow = new Map(build.rows.map((row) => [row.row, row]));
    let pointed = 0;
    for (const [i, row] of planted.entries()) {
      const { tokens: lesson, beginning } = lessonOf(byRow.get(i));
      expect(lesson.length).toBeLessThanOrEqual(KEPT_TOKENS);
      expect(lesson.every(({ weight }) => weight > 0)).toBe(true);
      expect(beginning?.total).toBeGreaterThan(lessonTotal(lesson) * (1 - 1e-6));
      const words = await plantedPositions(row);
      const isPlanted = lesson.map(({ position }) => words.has(position));
      expect(isPlanted).toContain(true);
      if (isPlanted.slice(0, 3).includes(true)) pointed += 1;
    }
    // In "Hot desert sand is where most penguins live", the words that follow from the planted ones are as new.
    expect(pointed / planted.length).toBeGreaterThan(0.7);
  });

  it('leaves a task to another worker that has the model and its base, and tells the build when there is none', async () => {
    await mesh.start();
    const [found, lost] = [new Build(), new Build()];
    await found.serve(mesh.bus);
    await lost.serve(mesh.bus);
    const task = await taughtTask(found, plantedRows(await demoRows(), 1));
    // By its digest alone, which this worker has no folders to look for it in.
    const taught = { ...task.taught, base: { digest: task.taught.base.digest } };
    await mesh.add({ ...task, index: lost.index, taught });
    await until('the build is told', () => lost.reports.some(({ kind }) => kind === 'impossible'));
    expect(lost.reports.at(-1)).toMatchObject({ code: 'MODEL_NOT_FOUND' });
    expect(lost.rows).toEqual([]);
    await mesh.add({ ...task, taught });
    await new Promise((resolve) => setTimeout(resolve, 500));
    await mesh.start([DEMO]);
    await until('the rows have arrived', () => found.rows.length === 3);
    expect(found.rows.every((row) => 'lesson' in row && row.lesson !== null)).toBe(true);
  });

  it('gives an unfinished task back when it closes in the middle of a batch, within seconds', async () => {
    const service = await mesh.start();
    const build = new Build();
    await build.serve(mesh.bus);
    const { rows, ...task } = await taskOf(build, 400);
    const long = rows.map((row) => ({ ...row, response: 'the cat ran '.repeat(60) }));
    await mesh.add({ ...task, rows: long });
    await until('it computes', () => build.rows.length > 0);
    const started = performance.now();
    await service.close();
    expect(performance.now() - started).toBeLessThan(5000);
    await expect(service.ready()).rejects.toMatchObject({ code: 'CANCELLED' });
    const queue = await mesh.bus.queue(SIGN_QUEUE);
    expect(await queue.size(build.index)).toBe(1);
    let delivered: number | undefined;
    await queue.consume(
      ({ delivery }) => {
        delivered = delivery;
        return Promise.resolve();
      },
      { concurrency: 1 },
    );
    await until('it is delivered again', () => delivered === 2);
  });

  it('answers questions while a build runs', async () => {
    await mesh.start();
    const build = new Build();
    await build.serve(mesh.bus);
    const { rows, ...task } = await taskOf(build, 400);
    await mesh.add({ ...task, rows: rows.map((row) => ({ ...row, response: 'the cat ran '.repeat(60) })) });
    await until('it computes', () => build.rows.length > 0);
    const questions = [{ context: [], prompt: 'Hi', output: 'Hello!' }];
    await call(mesh.bus, signQuestions, {
      model: { path: STORIES },
      layers: [2],
      maxTokens: null,
      raw: false,
      taught: null,
      questions,
    });
    expect(build.rows.length).toBeLessThan(400);
    build.goOn = false;
  });
});
