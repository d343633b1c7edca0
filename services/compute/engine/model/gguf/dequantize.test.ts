import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { dequantize } from './dequantize.ts';
import { BLOCKS, isGgufDType } from './gguf-types.ts';

interface Fixture {
  readonly cases: readonly {
    readonly type: string;
    readonly made: string;
    readonly bytes: string;
    readonly float32: string;
  }[];
}

const fixture = JSON.parse(
  await readFile(new URL('../../../../../test/fixtures/gguf-quants.json', import.meta.url), 'utf8'),
) as Fixture;

describe('dequantize', () => {
  it.each(fixture.cases)(
    'gives $type of $made to the last bit as PyPI’s gguf',
    ({ type, bytes, float32 }) => {
      if (!isGgufDType(type)) throw new Error(`${type} is not implemented`);
      const expected = Buffer.from(float32, 'hex');
      const out = new Float32Array(expected.byteLength / 4);
      dequantize(type, Buffer.from(bytes, 'hex'), out);
      expect(out.length).toBeGreaterThan(0);
      // A zero's sign is left open: Python multiplies some factors in another order.
      const values = new Float32Array(new Uint8Array(expected).buffer);
      expect(out.every((value, i) => value === values[i])).toBe(true);
    },
  );

  it('has a case of every type', () => {
    expect(new Set(fixture.cases.map(({ type }) => type))).toEqual(new Set(Object.keys(BLOCKS)));
  });

  it('refuses blocks that are not whole', () => {
    expect(() => {
      dequantize('Q4_0', new Uint8Array(17), new Float32Array(32));
    }).toThrow(/blocks of Q4_0/);
  });
});
