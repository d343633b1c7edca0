/**
 * A JSON parser for hostile headers. It differs from JSON.parse in what a careful reader of untrusted files wants:
 * objects become Maps (no key can touch a prototype), a key given twice is an error rather than a silent override,
 * and nesting is bounded. It builds nothing that is larger than a small multiple of the text.
 */

export type StrictJson = null | boolean | number | string | StrictJson[] | Map<string, StrictJson>;

/** Deeper than any header or index goes, far shallower than the stack. */
const MAX_DEPTH = 16;

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const SPACE = /[ \t\n\r]*/y;

/** Throws a SyntaxError that names the place. */
export function parseStrictJson(text: string): StrictJson {
  let at = 0;

  const fail = (what: string): never => {
    throw new SyntaxError(`${what} at character ${at}`);
  };

  const skipSpace = (): void => {
    SPACE.lastIndex = at;
    SPACE.test(text);
    at = SPACE.lastIndex;
  };

  const string = (): string => {
    if (text[at] !== '"') fail('expected a string');
    let end = at + 1;
    let escaped = false;
    for (; text[end] !== '"'; end++) {
      if (end >= text.length) fail('unterminated string');
      if (text[end] === '\\') {
        escaped = true;
        end++;
      } else if (text.charCodeAt(end) < 0x20) {
        fail('control character in a string');
      }
    }
    const value = escaped ? unescape(text.slice(at, end + 1), fail) : text.slice(at + 1, end);
    at = end + 1;
    return value;
  };

  /** Members up to `close`, separated by commas; `member` reads one. */
  const list = (close: string, member: () => void): void => {
    at++;
    skipSpace();
    if (text[at] === close) {
      at++;
      return;
    }
    for (;;) {
      member();
      skipSpace();
      if (text[at] === close) break;
      if (text[at] !== ',') fail(`expected "," or "${close}"`);
      at++;
      skipSpace();
    }
    at++;
  };

  const value = (depth: number): StrictJson => {
    if (depth > MAX_DEPTH) fail(`more than ${MAX_DEPTH} levels of nesting`);
    switch (text[at]) {
      case '{': {
        const map = new Map<string, StrictJson>();
        list('}', () => {
          const key = string();
          if (map.has(key)) fail(`the key ${JSON.stringify(key.slice(0, 100))} is given twice, again`);
          skipSpace();
          if (text[at] !== ':') fail('expected ":"');
          at++;
          skipSpace();
          map.set(key, value(depth + 1));
        });
        return map;
      }
      case '[': {
        const array: StrictJson[] = [];
        list(']', () => {
          array.push(value(depth + 1));
        });
        return array;
      }
      case '"':
        return string();
      default:
        return scalar();
    }
  };

  const scalar = (): StrictJson => {
    for (const [word, meaning] of WORDS) {
      if (text.startsWith(word, at)) {
        at += word.length;
        return meaning;
      }
    }
    NUMBER.lastIndex = at;
    const match = NUMBER.exec(text);
    if (match === null) return fail('expected a value');
    at = NUMBER.lastIndex;
    return Number(match[0]);
  };

  skipSpace();
  const result = value(0);
  skipSpace();
  if (at !== text.length) fail('something follows the end of the document');
  return result;
}

const WORDS: readonly (readonly [string, null | boolean])[] = [
  ['null', null],
  ['true', true],
  ['false', false],
];

function unescape(quoted: string, fail: (what: string) => never): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return fail('malformed escape in a string');
  }
}
