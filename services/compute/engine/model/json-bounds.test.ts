import { describe, expect, it } from 'vitest';
import { parseBoundedJson } from './json-bounds.ts';

function parse(text: string): unknown {
  return parseBoundedJson(new TextEncoder().encode(text));
}

describe('parseBoundedJson', () => {
  it('reads ordinary documents, whatever is in their strings', () => {
    const document = { a: [1, { b: '[[[{{{,,,"\\' }], '\\"]': null, 漢: '🙂' };
    expect(parse(JSON.stringify(document))).toEqual(document);
    const pairs = Array.from({ length: 300_000 }, () => ['a', 'b']);
    expect(parse(JSON.stringify(pairs))).toHaveLength(300_000);
  });

  it('refuses, quickly, what would take far more memory than its text', () => {
    const start = performance.now();
    expect(() => parse('['.repeat(1 << 24))).toThrow(/nesting/);
    expect(() => parse(`[${'[],'.repeat(1 << 22)}0]`)).toThrow(/lists and objects/);
    expect(() => parse(`[${'0,'.repeat(1 << 23)}0]`)).toThrow(/values/);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it('refuses what is not JSON, or not UTF-8', () => {
    expect(() => parse('{"a":')).toThrow(SyntaxError);
    expect(() => parse('"\\')).toThrow(SyntaxError);
    expect(() => parseBoundedJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(TypeError);
  });
});
