/**
 * One line of JSON, from an untrusted file. What would take far more memory parsed than written, or cannot be kept as it is
 * written, is refused: deep nesting, very many parts, a key given twice, numbers beyond float64, halves of surrogate pairs.
 * Whole numbers beyond 2^53 are rounded, as everywhere in JavaScript.
 */
import type { JsonValue } from './dataset.ts';

/** Chat parts need 5; metadata deeper than this is no use to a filter. */
const MAX_DEPTH = 16;
/** Lists, objects, and what their commas separate. */
const MAX_PARTS = 100_000;

const LONE_SURROGATE = /\p{Surrogate}/u;

/** The members of the object. Throws a SyntaxError that says what is wrong. */
export function parseJsonLine(text: string): ReadonlyMap<string, JsonValue> {
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new SyntaxError('the line is not a JSON object');
  return new Map(Object.entries(value));
}

/** Any JSON value, within the bounds above. Throws a SyntaxError that says what is wrong. */
export function parseJson(text: string): JsonValue {
  const keys = checkBounds(text);
  // JSON.parse gives JSON values and nothing else; `checkKept` looks at each of them.
  const value = JSON.parse(text) as JsonValue;
  if (checkKept(value) < keys) throw new SyntaxError('a key is given twice');
  return value;
}

/** Looks at the text before it is parsed; gives the number of keys. */
function checkBounds(text: string): number {
  let depth = 0;
  let parts = 0;
  let keys = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text[i]) {
      case '"':
        for (i++; i < text.length && text[i] !== '"'; i++) if (text[i] === '\\') i++;
        break;
      case '[':
      case '{':
        if (++depth > MAX_DEPTH) throw new SyntaxError(`more than ${MAX_DEPTH} levels of nesting`);
        parts++;
        break;
      case ']':
      case '}':
        depth--;
        break;
      case ',':
        parts++;
        break;
      case ':':
        keys++;
        break;
    }
    if (parts > MAX_PARTS) throw new SyntaxError(`more than ${MAX_PARTS} values`);
  }
  return keys;
}

/** Gives the number of keys, in which those given twice count once. */
function checkKept(value: JsonValue): number {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new SyntaxError('a number is beyond what a float64 holds');
  if (typeof value === 'string') checkText(value);
  if (typeof value !== 'object' || value === null) return 0;
  let keys = 0;
  if (Array.isArray(value)) {
    const list: readonly JsonValue[] = value;
    for (const item of list) keys += checkKept(item);
    return keys;
  }
  for (const [key, member] of Object.entries(value)) {
    checkText(key);
    keys += 1 + checkKept(member);
  }
  return keys;
}

function checkText(text: string): void {
  if (LONE_SURROGATE.test(text)) throw new SyntaxError('a text holds half of a surrogate pair');
}
