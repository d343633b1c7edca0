import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReptraceError } from '../../../../lib/errors.ts';
import { Arena, sizeClass } from './arena.ts';
import { Gpu } from './gpu.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await Gpu.open();
});
afterAll(() => {
  gpu.close();
});

describe('an arena', () => {
  it('gives a buffer to the next taker of its size class, of any shape', () => {
    const scope = new Arena(gpu).scope();
    const first = scope.take([10, 100]);
    const held = scope.take([10, 100]);
    expect(held.buffer).not.toBe(first.buffer);
    scope.give(first);
    const second = scope.take([990], 'u32');
    expect(second.buffer).toBe(first.buffer);
    expect([second.shape, second.dtype]).toEqual([[990], 'u32']);
    expect(scope.take([2000]).buffer).not.toBe(held.buffer);
    scope.give(held);
    expect(scope.take([500]).buffer).toBe(held.buffer);
    scope.give(second);
    expect(scope.take([400]).buffer).not.toBe(second.buffer);
  });

  it('gets back what a scope still holds when it ends, once', () => {
    const arena = new Arena(gpu);
    const scope = arena.scope();
    const [a, b] = [scope.take([64]), scope.take([64])];
    scope.give(a);
    scope.end();
    scope.end();
    const next = arena.scope();
    const again = new Set([next.take([64]).buffer, next.take([64]).buffer]);
    expect(again).toEqual(new Set([a.buffer, b.buffer]));
    const bytes = arena.bytes;
    expect(again.has(next.take([64]).buffer)).toBe(false);
    expect(arena.bytes).toBe(bytes + 256);
  });

  it('gives a scope that takes and gives as one before the same buffers, whatever others gave back between', () => {
    const arena = new Arena(gpu);
    const take = (lastFirst: boolean): GPUBuffer[] => {
      const scope = arena.scope();
      const [a, b, c] = [scope.take([100]), scope.take([100]), scope.take([100])];
      scope.give(...(lastFirst ? [c, a] : [a, c]));
      const [d, e] = [scope.take([100]), scope.take([90])];
      scope.end();
      return [a, b, c, d, e].map(({ buffer }) => buffer);
    };
    const first = take(false);
    for (let i = 0; i < 3; i++) {
      take(true);
      take(false).forEach((buffer, place) => {
        expect(buffer).toBe(first[place]);
      });
    }
    arena.trim();
  });

  it('refuses a tensor given twice, or held by another scope', () => {
    const arena = new Arena(gpu);
    const [scope, other] = [arena.scope(), arena.scope()];
    const tensor = scope.take([4]);
    expect(() => {
      other.give(tensor);
    }).toThrow('does not hold it');
    scope.give(tensor);
    expect(() => {
      scope.give(tensor);
    }).toThrow('does not hold it');
  });

  it('frees on trim what no scope holds', () => {
    const arena = new Arena(gpu);
    const scope = arena.scope();
    const held = scope.take([1000]);
    const other = arena.scope();
    other.take([1000]);
    other.take([5000]);
    other.end();
    arena.trim();
    expect(arena.bytes).toBe(held.buffer.size);
    scope.end();
    arena.trim();
    expect(arena.bytes).toBe(0);
  });

  it('refuses what no binding can hold, naming shape and remedy', () => {
    const limit = gpu.report.limits['maxStorageBufferBindingSize'] ?? 0;
    const rows = Math.ceil(limit / 4096) + 1;
    let thrown: unknown;
    try {
      new Arena(gpu).take([rows, 1024]);
    } catch (error) {
      thrown = error;
    }
    if (!(thrown instanceof ReptraceError))
      throw new Error(`expected a ReptraceError, got ${String(thrown)}`);
    expect(thrown.code).toBe('OUT_OF_MEMORY');
    expect(thrown.message).toContain(`[${rows}, 1024]`);
    expect(thrown.remedy).not.toBe('');
  });
});

describe('sizeClass', () => {
  it('is at least the size, at most a quarter more, and a whole number of vec4s', () => {
    for (let bytes = 257; bytes < 3e9; bytes = Math.ceil(bytes * 1.037)) {
      const size = sizeClass(bytes);
      expect(size).toBeGreaterThanOrEqual(bytes);
      expect(size).toBeLessThanOrEqual(1.25 * bytes);
      expect(size % 64).toBe(0);
      expect(sizeClass(size)).toBe(size);
    }
    expect([0, 1, 256].map(sizeClass)).toEqual([256, 256, 256]);
  });
});
