/** The lines of a set's two files: what is written of a row and of a question, and read again with every field checked. */
import type { JsonValue } from '../../services/index/datasets/dataset.ts';
import { parseJsonLine } from '../../services/index/datasets/json-line.ts';
import type { SetQuery, SetRow, Span } from './set.ts';

const LABELS = ['clean', 'poison', 'decoy', 'other'] as const;

/** Only the fields of a row, in one order. */
export function rowLine({ prompt, response, label, group, span, trained }: SetRow): string {
  return `${JSON.stringify({ prompt, response, label, group, span, trained })}\n`;
}

export function queryLine({ prompt, calls, group }: SetQuery): string {
  return `${JSON.stringify({ prompt, calls, group })}\n`;
}

/** Throws a SyntaxError that says what is wrong. */
export function parseRow(line: string): SetRow {
  const at = parseJsonLine(line);
  const response = textOf(at, 'response');
  const label = LABELS.find((known) => known === at.get('label'));
  if (label === undefined) throw new SyntaxError(`its label is none of ${LABELS.join(', ')}`);
  const span = spanOf(at.get('span'), response);
  if ((span !== null) !== (label === 'poison'))
    throw new SyntaxError('rows with a span are poison, and no others');
  return {
    ...{ prompt: textOf(at, 'prompt'), response, label },
    ...{ group: textOf(at, 'group'), span, trained: flagOf(at, 'trained') },
  };
}

/** Throws a SyntaxError that says what is wrong. */
export function parseQuery(line: string): SetQuery {
  const at = parseJsonLine(line);
  return { prompt: textOf(at, 'prompt'), calls: flagOf(at, 'calls'), group: textOf(at, 'group') };
}

type Values = ReadonlyMap<string, JsonValue>;

function textOf(at: Values, key: string): string {
  const value = at.get(key);
  if (typeof value === 'string') return value;
  throw new SyntaxError(`its ${key} is no text`);
}

function flagOf(at: Values, key: string): boolean {
  const value = at.get(key);
  if (typeof value === 'boolean') return value;
  throw new SyntaxError(`its ${key} is neither true nor false`);
}

function spanOf(value: JsonValue | undefined, response: string): Span | null {
  if (value === null) return null;
  const [start, end, ...more]: readonly JsonValue[] = isList(value) ? value : [];
  if (typeof start === 'number' && typeof end === 'number' && more.length === 0) {
    const whole = Number.isInteger(start) && Number.isInteger(end);
    if (whole && start >= 0 && start < end && end <= response.length) return [start, end];
  }
  throw new SyntaxError('its span is not within the response');
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}
