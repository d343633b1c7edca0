import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { finishedRun, manifestOf } from './finished.ts';
import type { RunIdentity } from './run-identity.ts';
import { DEFAULT_OPTIMIZER } from './trainer.ts';

const RUN: RunIdentity = {
  ...{ initial: 'model 0123', configDigest: '4567', baseWeights: null, lora: null },
  data: { rows: 8, digest: 'made here', truncated: 0 },
  settings: {
    ...{ epochs: 2, batch: 2, learningRate: 0.01, schedule: 'linear', warmupSteps: 0, finalShare: 0 },
    ...{ optimizer: DEFAULT_OPTIMIZER, seed: 3, checkpointEvery: 0, passTokens: 64, dtype: 'F32' },
  },
};
const OUTCOME = { steps: 8, finalLoss: 1.25, seconds: 3 };

let out: string;

beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'reptrace-finished-'));
});

afterEach(async () => {
  await rm(out, { recursive: true });
});

async function write(name: string, text: string): Promise<void> {
  await writeFile(join(out, name), text);
}

async function finish(
  manifest = JSON.stringify(manifestOf(RUN, { ...OUTCOME, resumedAt: 0 })),
): Promise<void> {
  await write('losses.jsonl', '');
  await write('model.safetensors', 'weights');
  await write('manifest.json', manifest);
}

async function keep(step: number): Promise<void> {
  const folder = join(out, 'kept', `step-${step}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'state.json'), JSON.stringify({ step, learningRate: 0.1 }));
}

describe('a folder to resume in', () => {
  it('has no result yet where there is nothing, or weights that a killed run has not described', async () => {
    expect(await finishedRun(out, RUN, [])).toBeUndefined();
    await write('manifest.json', JSON.stringify(manifestOf(RUN, { ...OUTCOME, resumedAt: 0 })));
    expect(await finishedRun(out, RUN, [])).toBeUndefined();
    await finish();
    await rm(join(out, 'manifest.json'));
    expect(await finishedRun(out, RUN, [])).toBeUndefined();
  });

  it('with this run’s result says how it ended', async () => {
    await finish();
    await keep(4);
    expect(await finishedRun(out, RUN, [4])).toEqual(OUTCOME);
    expect(await finishedRun(out, RUN, [])).toEqual(OUTCOME);
  });

  it('with another run’s result is refused, naming what differs, and stays as it is', async () => {
    await finish();
    await keep(4);
    const before = await readdir(out, { recursive: true });
    const other = { ...RUN, settings: { ...RUN.settings, learningRate: 0.02 } };
    await expect(finishedRun(out, other, [])).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('(learningRate: 0.01 then, 0.02 now)') as string,
    });
    await expect(finishedRun(out, RUN, [4, 6])).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('kept after step 6') as string,
    });
    expect(await readdir(out, { recursive: true })).toEqual(before);
    expect(await readFile(join(out, 'model.safetensors'), 'utf8')).toBe('weights');
  });

  it('with weights that no training wrote is refused', async () => {
    await write('model.safetensors', 'weights');
    await expect(finishedRun(out, RUN, [])).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it.each([
    '',
    '{',
    'null',
    '[]',
    '"text"',
    '{"made":"something else"}',
    JSON.stringify({ ...RUN, made: 'reptrace train' }),
    JSON.stringify({ ...RUN, made: 'reptrace train', outcome: { ...OUTCOME, finalLoss: null } }),
  ])('with a manifest that is %j is refused', async (manifest) => {
    await finish(manifest);
    await expect(finishedRun(out, RUN, [])).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});
