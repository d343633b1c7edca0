/**
 * A look at JSON before it is parsed. Parsed JSON can take fifty times the memory of its text (`[],[],[],…`), and
 * minutes; so what is nested too deep or consists of too many parts is refused while it still is only bytes.
 */

/** config.json has some 5 levels, tokenizer.json 8. */
const MAX_DEPTH = 32;
/** Lists and objects. The largest published tokenizer.json has 600 000, a pair for each merge. */
const MAX_CONTAINERS = 1_000_000;
/** Values after a comma. That tokenizer.json has 1.5 million. */
const MAX_COMMAS = 4_000_000;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const OPEN_OBJECT = 0x7b;
const CLOSE_LIST = 0x5d;
const CLOSE_OBJECT = 0x7d;

/** Throws a SyntaxError where a bound is passed; says nothing on whether the bytes are JSON otherwise. */
export function checkJsonBounds(bytes: Uint8Array): void {
  let depth = 0;
  let containers = 0;
  let commas = 0;
  for (let i = 0; i < bytes.byteLength; i++) {
    switch (bytes[i]) {
      case QUOTE:
        for (i++; i < bytes.byteLength && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++;
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        if (++depth > MAX_DEPTH) throw new SyntaxError(`more than ${MAX_DEPTH} levels of nesting`);
        if (++containers > MAX_CONTAINERS)
          throw new SyntaxError(`more than ${MAX_CONTAINERS} lists and objects`);
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth--;
        break;
      case COMMA:
        if (++commas > MAX_COMMAS) throw new SyntaxError(`more than ${MAX_COMMAS} values`);
        break;
    }
  }
}

/** The parsed document. Throws a SyntaxError, or a TypeError for bytes that are not UTF-8. */
export function parseBoundedJson(bytes: Uint8Array): unknown {
  checkJsonBounds(bytes);
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
}
