/** A compute worker that may use less of its GPU than its model takes: what it reports is the same to the last bit. */
import { randomUUID } from 'node:crypto';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { call } from '../../lib/bus/procedure.ts';
import { describeModel, generateAnswers, type SignTask } from '../../lib/mesh/compute-messages.ts';
import type { SignedRow } from '../../lib/mesh/index-messages.ts';
import { readSettings } from '../../lib/mesh/settings.ts';
import { SILENT } from '../../lib/log.ts';
import { Random } from '../../lib/random.ts';
import { startComputeService } from '../../services/compute/service/compute-service.ts';
import { writeDeepModel } from '../deep-model.ts';
import { Build, ComputeMesh, STORIES, until } from './compute-parts.ts';

let mesh: ComputeMesh;

beforeEach(async () => {
  mesh = await ComputeMesh.open();
});

afterEach(async () => {
  await mesh.close();
});

/** Some 2.5 batches of rows. */
function rows(): SignTask['rows'] {
  const random = new Random(5);
  const words = 'the little girl saw a big red ball and ran to her mom'.split(' ');
  const say = (most: number): string =>
    Array.from({ length: most / 2 + random.int(most / 2) }, () => random.pick(words)).join(' ');
  return Array.from({ length: 60 }, (_, row) => ({
    ...{ row, context: [], prompt: say(20), response: say(60), raw: null },
  }));
}

/** What a worker reports of the rows, and answers to a prompt; and what it says when it starts to stream. */
async function work(
  path: string,
  gpuMemory: number | undefined,
): Promise<{ signed: readonly SignedRow[]; answers: unknown; notices: readonly string[] }> {
  const { bus, records, folder } = mesh;
  const notices: string[] = [];
  const service = await startComputeService({
    ...{ bus, records, log: SILENT },
    settings: { ...readSettings({}, { data: folder, gpuMemory }), roots: [folder] },
    onNotice: (text) => {
      notices.push(text);
    },
  });
  try {
    const model = { path };
    const { digest } = await call(bus, describeModel, { model });
    const build = new Build();
    await build.serve(bus);
    await mesh.add({
      ...{ index: build.index, model: { digest, path }, layers: [3, 10], maxTokens: 100 },
      ...{ taught: null, rows: rows() },
    });
    await until('the rows have arrived', () => build.rows.length === 60);
    const prompt = { prompts: ['Once upon a time'], maxTokens: 8, temperature: 0, seed: 0 };
    const { answers } = await call(bus, generateAnswers, { model, ...prompt });
    return { signed: [...build.rows].sort((a, b) => a.row - b.row), answers, notices };
  } finally {
    await service.close();
  }
}

it('signs and answers as an unbounded one, block by block, and says so', async () => {
  const path = await writeDeepModel(join(mesh.folder, `deep-${randomUUID()}`), STORIES, 16);
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
    await copyFile(join(STORIES, name), join(path, name));
  }
  const whole = await work(path, undefined);
  expect(whole.notices).toEqual([]);
  // Enough for two batches, but not for the tapes of all blocks beside their weights.
  const bounded = await work(path, 56 << 20);
  expect(bounded.notices).toEqual([
    expect.stringMatching(/the GPU may use 56 MiB: blocks are loaded in turn/),
  ]);
  expect(bounded.signed.filter((row) => 'code' in row)).toEqual([]);
  expect(bounded.signed).toEqual(whole.signed);
  expect(bounded.answers).toEqual(whole.answers);
});
