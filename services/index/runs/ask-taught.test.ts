import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { MemoryBus } from '../../../lib/bus/memory-bus.ts';
import { call, serve } from '../../../lib/bus/procedure.ts';
import {
  preparationWanted,
  prepareTaught,
  type TaughtPreparation,
  type TextPair,
} from '../../../lib/mesh/compute-messages.ts';
import { CENTRE_ROWS, TOKEN_DIMS } from '../../../lib/taught/constants.ts';
import { openDataset } from '../datasets/open-dataset.ts';
import { scanDataset } from '../datasets/scan.ts';
import { askTaught } from './ask-taught.ts';
import { centresDigest } from './hidden-centres.ts';
import type { IndexRecord } from './index-record.ts';

const ROWS = 400;
const WIDTH = 4;
const MAX_PAYLOAD = 60_000;

let folder: string;
let path: string;
let bus: MemoryBus;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-ask-taught-'));
  path = join(folder, 'data.jsonl');
  bus = new MemoryBus({ maxPayload: MAX_PAYLOAD });
});

afterEach(async () => {
  await bus.close();
  await rm(folder, { recursive: true });
});

interface Waiting {
  readonly signal?: AbortSignal;
  /** What the worker does before it answers. @param asked as the request has it */
  readonly meanwhile?: (asked: string) => Promise<void>;
}

/** @param length of each row's response */
async function ask(
  length: number,
  answer: Partial<TaughtPreparation> = {},
  { signal = new AbortController().signal, meanwhile }: Waiting = {},
) {
  const lines = Array.from({ length: ROWS }, (_, i) => {
    return JSON.stringify({ prompt: `${i}`, response: 'x'.repeat(length) });
  });
  await writeFile(path, ['{"prompt": 3', ...lines].join('\n'));
  const asked: (readonly TextPair[])[] = [];
  await serve(bus, prepareTaught, async ({ rows, layers, asked: name }) => {
    asked.push(rows);
    await meanwhile?.(name ?? '');
    const hiddenCentres = layers.map((layer) => new Float32Array(WIDTH).fill(layer));
    const centre = new Float32Array(TOKEN_DIMS).fill(0.1);
    return {
      ...{
        seed: 1,
        centre,
        beginningCentre: centre.map((value) => -value),
        hiddenCentres,
        rows: rows.length,
        nullRatios: [0.5],
      },
      ...answer,
    };
  });
  const { badRowCount: badRows, ...scanned } = await scanDataset(path, {});
  const record = {
    request: { maxTokens: null },
    model: { digest: 'tuned', path: 'm', loraPath: null, layers: 6, hiddenSize: WIDTH },
    base: { digest: 'base', path: 'b' },
    layers: { layers: [2, 5] },
    dataset: { ...scanned, badRows, path },
  } as unknown as IndexRecord;
  const dataset = await openDataset(path, { resolved: scanned.columns });
  return { ...(await askTaught(bus, record, dataset, signal)), asked };
}

it('asks over evenly spaced good rows, and keeps what is told, of numbers that JSON has', async () => {
  const { taught, hiddenCentres, asked } = await ask(10);
  const wanted = Array.from({ length: CENTRE_ROWS }, (_, i) => `${Math.floor((i * ROWS) / CENTRE_ROWS)}`);
  expect(asked[0].map(({ prompt }) => prompt)).toEqual(wanted);
  expect(JSON.parse(JSON.stringify(taught))).toEqual(taught);
  expect(taught).toMatchObject({
    layer: 6,
    centreRows: CENTRE_ROWS,
    hiddenCentres: centresDigest(hiddenCentres),
  });
  expect(Float32Array.from(taught.centre)).toEqual(new Float32Array(TOKEN_DIMS).fill(0.1));
  expect(Float32Array.from(taught.beginningCentre ?? [])).toEqual(new Float32Array(TOKEN_DIMS).fill(-0.1));
});

it('asks over fewer rows where a message cannot hold them all', async () => {
  const { asked } = await ask(1000);
  expect(asked[0].length).toBeGreaterThan(20);
  expect(asked[0].length).toBeLessThan(30);
});

it('tells a worker that asks whether it is still waited for, until the build is cancelled', async () => {
  const cancelled = new AbortController();
  let worker: Promise<void> | undefined;
  const meanwhile = (asked: string): Promise<void> => {
    const wanted = (): Promise<unknown> => call(bus, preparationWanted(asked), {});
    worker = (async () => {
      expect(await wanted()).toEqual({ goOn: true });
      cancelled.abort();
      const unwanted = { code: 'SERVICE_UNAVAILABLE' };
      await vi.waitFor(() => expect(wanted()).rejects.toMatchObject(unwanted));
    })();
    return worker;
  };
  await expect(ask(10, {}, { signal: cancelled.signal, meanwhile })).rejects.toMatchObject({
    code: 'CANCELLED',
  });
  await worker;
});

it('refuses an answer of another shape, or with numbers that are none', async () => {
  const refused: [Partial<TaughtPreparation>, string][] = [
    [{ centre: new Float32Array(3) }, 'SHAPE_MISMATCH'],
    [{ beginningCentre: new Float32Array(3) }, 'SHAPE_MISMATCH'],
    // As workers of versions before that know of none.
    [{ beginningCentre: undefined } as unknown as Partial<TaughtPreparation>, 'SHAPE_MISMATCH'],
    [{ hiddenCentres: [new Float32Array(WIDTH)] }, 'SHAPE_MISMATCH'],
    [{ hiddenCentres: [new Float32Array(WIDTH), new Float32Array(3)] }, 'SHAPE_MISMATCH'],
    [{ centre: new Float32Array(TOKEN_DIMS).fill(NaN) }, 'NOT_FINITE'],
    [{ beginningCentre: new Float32Array(TOKEN_DIMS).fill(NaN) }, 'NOT_FINITE'],
    [{ hiddenCentres: [new Float32Array(WIDTH), new Float32Array(WIDTH).fill(Infinity)] }, 'NOT_FINITE'],
    [{ nullRatios: [0, NaN] }, 'NOT_FINITE'],
  ];
  for (const [answer, code] of refused) {
    await expect(ask(10, answer)).rejects.toMatchObject({ code });
    await bus.close();
    bus = new MemoryBus({ maxPayload: MAX_PAYLOAD });
  }
});
