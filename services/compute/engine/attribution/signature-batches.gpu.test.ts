/** Signatures batch by batch: what goes on at the device while results are read, and that they are the same as one by one. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { sharedPath } from '../../../../test/shared.ts';
import { Gpu } from '../device/gpu.ts';
import { Model } from '../model/model.ts';
import { openModelFolder } from '../model/model-folder.ts';
import type { Sample } from './sample.ts';
import { signatureBatches } from './signature-batches.ts';
import { signaturesOfBatch, type SignatureResult } from './signature.ts';

const OPTIONS = { layers: [1, 3], curve: true, tokenRows: { seed: 5 } };
/** Of a batch, at most. */
const TOKENS = 60;
let gpu: Gpu;
let model: Model;
/** One of them in each batch, and each as long as every other one. */
let samples: Sample[];

beforeAll(async () => {
  gpu = await Gpu.open();
  const source = await openModelFolder(sharedPath('models/stories260K/hf'));
  model = await Model.load(gpu, source);
  samples = Array.from({ length: 5 }, (_, i) => ({
    name: `sample ${i}`,
    inputIds: Array.from({ length: 50 }, (_unused, t) => (i * 97 + t * 31 + 5) % source.config.vocabSize),
    promptLength: 10 + i,
  }));
});
afterEach(() => {
  vi.restoreAllMocks();
});
afterAll(() => {
  model.close();
  gpu.close();
});

async function batchesOf(some: readonly Sample[]): Promise<SignatureResult[][]> {
  const batches: SignatureResult[][] = [];
  for await (const batch of signatureBatches(model, some, OPTIONS, TOKENS)) batches.push(batch);
  return batches;
}

async function oneByOne(some: readonly Sample[]): Promise<SignatureResult[][]> {
  const batches: SignatureResult[][] = [];
  for (const sample of some) batches.push(await signaturesOfBatch(model, [sample], OPTIONS));
  return batches;
}

/** Readbacks as they are sent, come, and are freed again. */
function watchReadbacks(): {
  readonly events: string[];
  readonly open: () => number;
  readonly most: () => number;
} {
  const events: string[] = [];
  let [made, open, most] = [0, 0, 0];
  const make = gpu.device.createBuffer.bind(gpu.device);
  vi.spyOn(gpu.device, 'createBuffer').mockImplementation((descriptor) => {
    const buffer = make(descriptor);
    if (descriptor.label !== 'readback') return buffer;
    const number = ++made;
    open += 1;
    most = Math.max(most, open);
    const map = buffer.mapAsync.bind(buffer);
    // It is mapped when the commands that fill it have been submitted.
    buffer.mapAsync = (mode) => {
      events.push(`sent ${number}`);
      return map(mode).finally(() => events.push(`read ${number}`));
    };
    const free = buffer.destroy.bind(buffer);
    buffer.destroy = () => {
      open -= 1;
      free();
    };
    return buffer;
  });
  return { events, open: () => open, most: () => most };
}

describe('batches one after the other', () => {
  it('have the next one sent before one is read, two at most, with the results of one by one in their order', async () => {
    const expected = await oneByOne(samples);
    const { events, open, most } = watchReadbacks();
    expect(await batchesOf(samples)).toEqual(expected);
    const numbers = [1, 2, 3, 4, 5];
    expect(events.filter((event) => event.startsWith('sent'))).toEqual(numbers.map((i) => `sent ${i}`));
    expect(events.filter((event) => event.startsWith('read'))).toEqual(numbers.map((i) => `read ${i}`));
    for (const i of numbers.slice(1)) {
      expect(events.indexOf(`sent ${i}`)).toBeLessThan(events.indexOf(`read ${i - 1}`));
    }
    expect([open(), most()]).toEqual([0, 2]);
  });

  it('take no more scratch memory than one by one', async () => {
    const fresh = new Model(gpu, model.config, model.weights);
    for (const sample of samples) await signaturesOfBatch(fresh, [sample], OPTIONS);
    const held = fresh.arena.bytes;
    fresh.arena.trim();
    expect(fresh.arena.bytes).toBe(0);
    for await (const batch of signatureBatches(fresh, samples, OPTIONS, TOKENS)) {
      expect(batch).toHaveLength(1);
    }
    expect(fresh.arena.bytes).toBe(held);
    fresh.arena.trim();
  });

  it('need no new bind groups for a batch as large as the one before', async () => {
    const alike = samples.map((sample) => ({ ...sample, promptLength: 10 }));
    await batchesOf(alike.slice(0, 1));
    const make = vi.spyOn(gpu.device, 'createBindGroup');
    await batchesOf(alike.slice(1));
    expect(make).not.toHaveBeenCalled();
  });

  it('let the model be used between them, for longer samples too', async () => {
    const expected = await oneByOne(samples);
    const long = {
      name: 'long',
      inputIds: [...samples, ...samples].flatMap(({ inputIds }) => inputIds),
      promptLength: 3,
    };
    const [alone] = await signaturesOfBatch(model, [long], OPTIONS);
    // Its rotary table has yet to grow.
    const fresh = new Model(gpu, model.config, model.weights);
    let i = 0;
    for await (const batch of signatureBatches(fresh, samples, OPTIONS, TOKENS)) {
      expect(batch).toEqual(expected[i]);
      if (i === 0) expect((await signaturesOfBatch(fresh, [long], OPTIONS))[0]).toEqual(alone);
      i += 1;
    }
    expect(i).toBe(samples.length);
    gpu.assertHealthy();
    fresh.arena.trim();
  });

  it('leave nothing under way when they are not all wanted', async () => {
    const { events, open } = watchReadbacks();
    for await (const batch of signatureBatches(model, samples, OPTIONS, TOKENS)) {
      expect(batch).toHaveLength(1);
      break;
    }
    expect(events.slice(-1)).toEqual(['read 2']);
    expect(open()).toBe(0);
  });

  it('give what came before a batch that cannot be started, and then say what is wrong', async () => {
    const expected = await oneByOne(samples.slice(0, 2));
    const bad = { name: 'bad', inputIds: [1, model.config.vocabSize], promptLength: 1 };
    const given: SignatureResult[][] = [];
    const all = async (): Promise<void> => {
      const wanted = [
        ...samples.slice(0, 2),
        { ...bad, inputIds: [...bad.inputIds, ...samples[0].inputIds] },
      ];
      for await (const batch of signatureBatches(model, wanted, OPTIONS, TOKENS)) given.push(batch);
    };
    await expect(all()).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    expect(given).toEqual(expected);
    // And the recorder is none the worse.
    expect(await batchesOf(samples.slice(0, 2))).toEqual(expected);
  });
});
