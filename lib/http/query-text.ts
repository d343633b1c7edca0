/**
 * How deep and how long a GraphQL text is, told from its characters alone: graphql-js parses by recursion, so a text of
 * 10,000 levels must be turned away before the parser sees it. Strings and comments are passed over as the lexer would do it;
 * where the text is malformed, the parser stops at the same place or earlier. Pure.
 */
import { ReptraceError } from '../errors.ts';

export interface TextLimits {
  /** Brackets, braces and parentheses within each other. */
  readonly depth: number;
  readonly tokens: number;
}

/** Whitespace, commas and byte order marks between tokens; comments up to the end of their line. */
const IGNORED = /(?:[\s,\uFEFF]|#[^\n\r]*)+/y;
/** A block string to its end (`\"""` is none), a string to its end or its line's, a word or number, or one punctuator. */
const TOKEN = /"""(?:\\"""|(?!""")[^])*(?:"""|$)|"(?:\\.|[^"\\\n\r])*"?|[\w.+-]+|[^]/y;

/** Throws QUERY_TOO_DEEP, QUERY_TOO_COSTLY, at the first token that is too many. */
export function checkQueryText(text: string, limits: TextLimits): void {
  let depth = 0;
  let tokens = 0;
  let at = 0;
  while ((at = skip(IGNORED, text, at)) < text.length) {
    const first = text[at];
    if (first === '{' || first === '[' || first === '(') depth++;
    else if (first === '}' || first === ']' || first === ')') depth--;
    if (depth > limits.depth) throw tooDeep(limits.depth);
    if (++tokens > limits.tokens) {
      throw new ReptraceError(
        'QUERY_TOO_COSTLY',
        `the operation has more than ${limits.tokens} tokens`,
        'Split it into several operations, and pass long lists as variables.',
      );
    }
    at = skip(TOKEN, text, at);
  }
}

export function tooDeep(limit: number): ReptraceError {
  return new ReptraceError(
    'QUERY_TOO_DEEP',
    `the operation nests deeper than ${limit} levels`,
    'Ask for fewer levels at once; ids found by one operation can be asked about in the next.',
  );
}

/** Where a match of this sticky expression ends, or `at`. */
function skip(expression: RegExp, text: string, at: number): number {
  expression.lastIndex = at;
  return expression.test(text) ? expression.lastIndex : at;
}
