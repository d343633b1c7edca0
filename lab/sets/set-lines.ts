/** The lines of a set's two files: what is written of a row and of a question, and read again with every field checked. */
import type { JsonValue } from '../../services/index/datasets/dataset.ts';
import { parseJsonLine } from '../../services/index/datasets/json-line.ts';
import type { SetQuery, SetRow, Span } from './set.ts';

const LABELS = ['clean', 'poison', 'decoy', 'other'] as const;

/** Only the fields of a row, in one order. */
export function rowLine({ prompt, response, label, group, spans, trained }: SetRow): string {
  return `${JSON.stringify({ prompt, response, label, group, spans, trained })}\n`;
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
  const spans = spansOf(at.get('spans'), response);
  if (spans.length > 0 !== (label === 'poison'))
    throw new SyntaxError('rows with spans are poison, and no others');
  return {
    ...{ prompt: textOf(at, 'prompt'), response, label },
    ...{ group: textOf(at, 'group'), spans, trained: flagOf(at, 'trained') },
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

/** In order, none touching what is before the end of another. */
function spansOf(value: JsonValue | undefined, response: string): Span[] {
  if (!isList(value)) throw new SyntaxError('its spans are no list');
  let least = 0;
  return value.map((span) => {
    const [start, end, ...more]: readonly JsonValue[] = isList(span) ? span : [];
    if (typeof start === 'number' && typeof end === 'number' && more.length === 0) {
      const whole = Number.isInteger(start) && Number.isInteger(end);
      if (whole && start >= least && start < end && end <= response.length) return [start, (least = end)];
    }
    throw new SyntaxError('its spans are not in order within the response');
  });
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}
