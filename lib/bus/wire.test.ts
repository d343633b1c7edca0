import { expect, test } from 'vitest';
import { decode, encode } from './wire.ts';

test('values come back as they were, numbers and texts of any language included', () => {
  const value = {
    a: [1, -2.5, null, true],
    ключ: '结果',
    nested: { empty: [], bytes: new Uint8Array([1, 2]) },
  };
  expect(decode(encode(value))).toEqual(value);
});

test('a Float32Array keeps its type and every bit, wherever in its memory it begins', () => {
  const memory = new Float32Array([9, 0.1, -0, 1e-45, Infinity, 3.4e38]);
  const part = memory.subarray(1);
  const { vector } = decode<{ vector: Float32Array }>(encode({ text: 'odd', vector: part }));
  expect(vector).toBeInstanceOf(Float32Array);
  expect(Buffer.from(vector.buffer)).toEqual(Buffer.from(part.slice().buffer));
});

test('what was decoded shares no memory with the bytes it came from', () => {
  const bytes = encode(new Float32Array([1, 2, 3]));
  const decoded = decode<Float32Array>(bytes);
  bytes.fill(0);
  expect([...decoded]).toEqual([1, 2, 3]);
});

test('a field that is undefined is left out', () => {
  expect(decode(encode({ a: 1, b: undefined }))).toEqual({ a: 1 });
});

test('a key may be any text, as in the rows of a stranger', () => {
  const row = JSON.parse('{"__proto__": {"__proto__": "x", "admin": true}, "constructor": 1}') as object;
  const back = decode<object>(encode({ metadata: row, vector: new Float32Array([1]) }));
  expect(JSON.stringify(back)).toBe(
    '{"metadata":{"__proto__":{"__proto__":"x","admin":true},"constructor":1},"vector":{"0":1}}',
  );
  expect(({} as { admin?: boolean }).admin).toBeUndefined();
});
