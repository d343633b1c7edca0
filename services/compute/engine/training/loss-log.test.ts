import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LossLog, type LossLine } from './loss-log.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-log-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

function line(step: number): LossLine {
  return { step, epoch: 0, loss: 1 / step, gradientNorm: 1, rate: 0.1, tokens: 10 };
}

async function steps(): Promise<number[]> {
  const text = await readFile(join(folder, 'losses.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((one) => (JSON.parse(one) as LossLine).step);
}

describe('LossLog', () => {
  it('drops what came after the checkpoint, half a line included', async () => {
    const log = await LossLog.open(folder, 0);
    for (const step of [1, 2, 3]) await log.add(line(step));
    await appendFile(join(folder, 'losses.jsonl'), '{"step":4,"lo');
    const resumed = await LossLog.open(folder, 2);
    await resumed.add(line(3));
    expect(await steps()).toEqual([1, 2, 3]);
  });

  it('begins anew for a new run', async () => {
    const log = await LossLog.open(folder, 0);
    await log.add(line(1));
    await (await LossLog.open(folder, 0)).add(line(1));
    expect(await steps()).toEqual([1]);
  });
});
