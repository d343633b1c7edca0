import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../lib/mesh/index-messages.ts';
import { groupsByText, tokenLayerOf } from './run-trace.ts';

describe('groupsByText', () => {
  const pair = (bytes: number) => ({ context: [], prompt: '', response: 'x'.repeat(bytes) });

  it('keeps the order, and groups within the bytes', () => {
    const groups = groupsByText([pair(4), pair(5), pair(2), pair(9), pair(1)], 10);
    expect(groups.map((group) => group.map(({ response }) => response.length))).toEqual([
      [4, 5],
      [2],
      [9, 1],
    ]);
  });

  it('gives a text that is too long a group of its own', () => {
    expect(groupsByText([pair(20), pair(1)], 10).map(({ length }) => length)).toEqual([1, 1]);
  });

  it('counts bytes, not characters', () => {
    expect(groupsByText([{ context: [], prompt: 'é'.repeat(5), response: '' }, pair(1)], 10)).toHaveLength(2);
  });

  it('counts the turns before a prompt', () => {
    const context = [{ role: 'user' as const, content: 'x'.repeat(20) }];
    expect(groupsByText([{ ...pair(1), context }, pair(1)], 10)).toHaveLength(2);
  });
});

describe('tokenLayerOf', () => {
  const manifest = (layers: readonly number[]): Manifest =>
    ({ layers: { layers }, model: { layers: 6 } }) as unknown as Manifest;

  it('is the first layer of the index, but never the last of the model', () => {
    expect(tokenLayerOf(manifest([4]))).toBe(4);
    expect(tokenLayerOf(manifest([2, 4]))).toBe(2);
    expect(tokenLayerOf(manifest([6]))).toBe(5);
  });
});
