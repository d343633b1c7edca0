import { describe, expect, it } from 'vitest';
import { parseStrictJson, type StrictJson } from './strict-json.ts';

function plain(value: StrictJson): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [key, plain(inner)]));
  return Array.isArray(value) ? value.map(plain) : value;
}

describe('parseStrictJson', () => {
  it('reads what JSON.parse reads', () => {
    for (const text of [
      '{}',
      ' [ ] ',
      '{"a":{"b":[1,-2.5e3,0,true,false,null,"x\\n\\u00e9\\"\\\\"]},"漢字":"🙂"}\n',
      '"text"',
      '-0.5',
      '[[[[]]]]',
    ]) {
      expect(plain(parseStrictJson(text))).toEqual(JSON.parse(text));
    }
  });

  it('refuses what JSON.parse refuses', () => {
    for (const text of [
      '',
      '{',
      '{"a"}',
      '{"a":}',
      '{"a":1,}',
      '[1,]',
      '[1 2]',
      '01',
      '1.',
      '.5',
      '+1',
      'NaN',
      'Infinity',
      'tru',
      '"open',
      '"bad \\x"',
      '"bad \\u12"',
      '"new\nline"',
      "{'a':1}",
      '{a:1}',
      '{}{}',
      '1 1',
      '"\\',
    ]) {
      expect(() => parseStrictJson(text), text).toThrow(SyntaxError);
      expect(() => JSON.parse(text) as unknown, text).toThrow();
    }
  });

  it('refuses a key given twice, which JSON.parse hides, also when it is spelt differently', () => {
    expect(() => parseStrictJson('{"a":1,"a":2}')).toThrow(/given twice/);
    expect(() => parseStrictJson('{"x":{"a":1,"\\u0061":2}}')).toThrow(/given twice/);
  });

  it('lets no key touch a prototype', () => {
    const parsed = parseStrictJson('{"__proto__":{"polluted":1},"constructor":2}');
    expect(parsed).toBeInstanceOf(Map);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('bounds nesting', () => {
    expect(() => parseStrictJson('['.repeat(100_000))).toThrow(/nesting/);
  });
});
