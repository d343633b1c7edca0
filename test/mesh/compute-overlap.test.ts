/** Batches of two tasks that are under way together, one of which the device cannot take. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { globals } from 'webgpu';
import { call } from '../../lib/bus/procedure.ts';
import { describeModel, type SignTask } from '../../lib/mesh/compute-messages.ts';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { Build, ComputeMesh, STORIES, until } from './compute-parts.ts';

const { GPUUncapturedErrorEvent, GPUValidationError } = globals as typeof globalThis;
/** A token so often in a row, which no other row has. */
const POISON = 40;

let mesh: ComputeMesh;

beforeEach(async () => {
  mesh = await ComputeMesh.open();
});

afterEach(async () => {
  vi.restoreAllMocks();
  await mesh.close();
});

/**
 * Every device refuses ids with the poison among them, and is of no use from then on. Results that are read on the first one come only
 * after it has refused some: whatever was read by then was under way beside them.
 * @returns how often a device refused
 */
function refusePoison(): { readonly refusals: () => number } {
  let refusals = 0;
  let opened = 0;
  let refuse = (): void => undefined;
  const refused = new Promise<void>((resolve) => {
    refuse = resolve;
  });
  const open = Gpu.open.bind(Gpu);
  vi.spyOn(Gpu, 'open').mockImplementation(async (options) => {
    const gpu = await open(options);
    const isFirst = ++opened === 1;
    const { device } = gpu;
    const write = device.queue.writeBuffer.bind(device.queue);
    vi.spyOn(device.queue, 'writeBuffer').mockImplementation((buffer, offset, data, ...rest) => {
      if (data instanceof Uint32Array && longestRun(data) >= POISON) {
        refusals += 1;
        const error = new GPUValidationError('poisoned');
        device.onuncapturederror?.(new GPUUncapturedErrorEvent('uncapturederror', { error }));
        refuse();
      }
      write(buffer, offset, data, ...rest);
    });
    const make = device.createBuffer.bind(device);
    vi.spyOn(device, 'createBuffer').mockImplementation((descriptor) => {
      const buffer = make(descriptor);
      if (descriptor.label !== 'readback' || !isFirst) return buffer;
      const map = buffer.mapAsync.bind(buffer);
      buffer.mapAsync = (mode) => map(mode).finally(() => refused);
      return buffer;
    });
    return gpu;
  });
  return { refusals: () => refusals };
}

/** Of a token id; what fills up tables is none. */
function longestRun(words: Uint32Array): number {
  let [longest, run] = [0, 0];
  for (let i = 0; i < words.length; i++) {
    const isId = words[i] > 0 && words[i] < 512;
    run = !isId ? 0 : words[i] === words[i - 1] ? run + 1 : 1;
    longest = Math.max(longest, run);
  }
  return longest;
}

async function taskOf(build: Build, firstRow: number, responses: readonly string[]): Promise<SignTask> {
  const { digest } = await call(mesh.bus, describeModel, { model: { path: STORIES } });
  const rows = responses.map((response, i) => {
    return { row: firstRow + i, context: [], prompt: 'Once', response, raw: null };
  });
  return {
    ...{ index: build.index, model: { digest, path: STORIES }, layers: [2], maxTokens: null },
    ...{ taught: null, rows },
  };
}

it('blames the row that the device cannot take, and none that was under way beside it', async () => {
  const { refusals } = refusePoison();
  await mesh.start();
  const build = new Build();
  await build.serve(mesh.bus);
  const alone = await taskOf(build, 0, ['the cat ran']);
  const others = await taskOf(build, 1, ['a big red ball', '~'.repeat(2 * POISON), 'to her mom']);
  await mesh.add(alone);
  await mesh.add(others);
  await until('the rows have arrived', () => build.rows.length >= 4);
  const failed = build.rows.filter((row) => 'code' in row);
  expect(failed).toMatchObject([{ row: 2, code: 'GPU_REFUSED' }]);
  expect(build.rows.map(({ row }) => row).sort()).toEqual([0, 1, 2, 3]);
  // Beside the other task's batch, with its own batch alone, and by itself: it is the longest.
  expect(refusals()).toBe(3);
});
