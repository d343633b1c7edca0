import { parse, TokenKind } from 'graphql';
import { describe, expect, it } from 'vitest';
import { checkQueryText } from './query-text.ts';

const LIMITS = { depth: 3, tokens: 100 };
const check = (text: string, limits = LIMITS) => {
  checkQueryText(text, limits);
};
const TOO_DEEP = expect.objectContaining({ code: 'QUERY_TOO_DEEP' }) as Error;
const TOO_COSTLY = expect.objectContaining({ code: 'QUERY_TOO_COSTLY' }) as Error;

describe('depth', () => {
  it('counts braces, brackets and parentheses together', () => {
    check('{ a { b { c } } }');
    check('{ a(x: [1]) }');
    expect(() => {
      check('{ a { b { c { d } } } }');
    }).toThrow(TOO_DEEP);
    expect(() => {
      check('{ a(x: [[1]]) }');
    }).toThrow(TOO_DEEP);
    expect(() => {
      check('query($v: [[[Int]]]) { a }');
    }).toThrow(TOO_DEEP);
  });

  it.each([
    '{ a(x: "{{{{{{") }',
    '{ a(x: "\\"{{{{{{") }',
    '{ a(x: "\\\\") b(x: "{{{{") }',
    '{ a(x: """ {{{{ " {{{{ "" \n {{{{ \\""" {{{{ """) }',
    '{ a(x: """""") b(x: "{{{{") }',
    '{ a(x: "") b(x: "{{{{") }',
    '{ a # {{{{ " """ {{{\n }',
    '{ a # {{{{\r }',
  ])('does not count what strings and comments hold: %s', (text) => {
    parse(text);
    check(text);
  });

  it.each([
    '{ a(x: "") { b { c { d } } } }',
    '{ a(x: """ " """) { b { c { d } } } }',
    '{ a(x: "\\\\") { b { c { d } } } }',
    '{ a # "\n { b { c { d } } } }',
    '{ a # """\r { b { c { d } } } }',
  ])('counts again after them: %s', (text) => {
    parse(text);
    expect(() => {
      check(text);
    }).toThrow(TOO_DEEP);
  });

  it('decides on a hundred thousand levels without a stack of its own', () => {
    expect(() => {
      check('{a'.repeat(100_000));
    }).toThrow(TOO_DEEP);
  });

  it('leaves malformed texts to the parser', () => {
    for (const text of ['', '{', '"', '"""', '}}}}{', '\\', '{ a(x: "\n']) check(text);
  });
});

describe('tokens', () => {
  it('counts as the lexer does', () => {
    const text = 'query Q($a: Int! = -1.5e+3) { a(x: $a, y: """ b c """) @d ... on T { b } } # c';
    const tokens = countTokens(text);
    check(text, { depth: 9, tokens });
    expect(() => {
      check(text, { depth: 9, tokens: tokens - 1 });
    }).toThrow(TOO_COSTLY);
  });

  it('is quick on two million characters of any kind', () => {
    for (const part of ['a ', '"', '""" ', '#', '\\', ' ', '"\\']) {
      const started = performance.now();
      const text = part.repeat(2_000_000 / part.length);
      try {
        check(text, { depth: 20, tokens: 10_000 });
      } catch (error) {
        expect(error).toMatchObject({ code: 'QUERY_TOO_COSTLY' });
      }
      expect(performance.now() - started).toBeLessThan(2000);
    }
  });
});

/** By graphql-js: tokens from the start of the file to its end, comments not counted. */
function countTokens(text: string): number {
  let count = 0;
  for (let token = parse(text).loc?.startToken.next; token?.next; token = token.next) {
    if (token.kind !== TokenKind.COMMENT) count++;
  }
  return count;
}
