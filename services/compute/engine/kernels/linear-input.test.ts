import { expect, it } from 'vitest';
import { Arena } from '../device/arena.ts';
import { CountingGpu, CountingRecorder } from '../device/counting-gpu.ts';
import { LinearInput } from './linear-input.ts';

/** An input of 6 rows of 8 that is still to be computed, and what is asked of whoever computes it. */
function pendingInput(software: boolean) {
  const report = {
    ...{ vendor: '', architecture: '', device: '', description: '', software },
    ...{ features: [], limits: {}, matrices: [] },
  };
  const gpu = new CountingGpu(2 ** 20, { report, linear: undefined, numbers: 'f32', tuned: new Map() });
  const arena = new Arena(gpu);
  const asked: string[] = [];
  const input = new LinearInput(new CountingRecorder(gpu), arena.scope(), {
    shape: [6, 8],
    write: (to, transposed) => {
      asked.push(`${transposed ? 'transposed' : 'straight'} ${to.shape.join(' x ')}`);
    },
  });
  return { input, arena, asked };
}

it('computes nothing that no layer reads', () => {
  const { input, arena, asked } = pendingInput(true);
  expect(input.shape).toEqual([6, 8]);
  input.end();
  expect(asked).toEqual([]);
  expect(arena.bytes).toBe(0);
});

it('computes x transposed at once where that is all that is read, and once for all layers', () => {
  const { input, asked } = pendingInput(true);
  expect(input.transposed().shape).toEqual([8, 8]);
  expect(input.transposed()).toBe(input.transposed());
  expect(asked).toEqual(['transposed 8 x 8']);
});

it('transposes an x that is there, and any where adapters write rows better', () => {
  for (const software of [true, false]) {
    const { input, asked } = pendingInput(software);
    if (software) expect(input.x.shape).toEqual([6, 8]);
    expect(input.transposed().shape).toEqual([8, 8]);
    expect(input.x).toBe(input.x);
    expect(asked).toEqual(['straight 6 x 8']);
  }
});

it('gives back all that was made', () => {
  const { input, arena } = pendingInput(true);
  input.transposed();
  expect(input.x.shape).toEqual([6, 8]);
  input.end();
  arena.trim();
  expect(arena.bytes).toBe(0);
});
