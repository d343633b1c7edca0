import { parseValue } from 'graphql';
import { describe, expect, it } from 'vitest';
import { jsonScalar } from './json-scalar.ts';

describe('jsonScalar', () => {
  it('gives any JSON value as it is, both ways', () => {
    for (const value of [null, true, 1.5, 'text', [1, [2]], { a: { b: [] } }]) {
      expect(jsonScalar.serialize(value)).toEqual(value);
      expect(jsonScalar.parseValue(value)).toEqual(value);
    }
  });

  it('reads values written into a query, variables inside included', () => {
    const literal = parseValue('{a: [1, 2.5, true, null, "x", WORD], b: $given}');
    expect({ ...(jsonScalar.parseLiteral(literal, { given: { c: 3 } }) as object) }).toEqual({
      a: [1, 2.5, true, null, 'x', 'WORD'],
      b: { c: 3 },
    });
  });
});
