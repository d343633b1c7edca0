/** A record's values, by the meaning of its columns, as samples; or the reason why it is none. */
import { reasonOf } from '../../../lib/errors.ts';
import type { TextPair } from '../../../lib/mesh/compute-messages.ts';
import { chatSamples, isTurnList, pairSamples, refuseTools, type ChatSample } from './chat.ts';
import { givesSeveral, usedColumns, type ResolvedColumns, type TextColumns } from './columns.ts';
import type { BadRow, DatasetRow, JsonValue, SourceRecord } from './dataset.ts';
import { shown } from './problems.ts';
import { textWindows } from './text-windows.ts';

type Values = ReadonlyMap<string, JsonValue>;
type Part = TextPair | { readonly reason: string };

/** As JSON. Metadata travels with every match of a trace, so it stays small. */
const MAX_METADATA_BYTES = 64 << 10;

/**
 * The samples of a record, one at a time, numbered from `first` on. A record that is bad as a whole is one bad row.
 * An empty prompt is a row (text to be continued from nothing); an empty response teaches nothing, and is none.
 */
export function* toRows(
  record: SourceRecord,
  columns: ResolvedColumns,
  first: number = record.row,
): Generator<DatasetRow | BadRow> {
  const { row: sourceRow, line, content } = record;
  const bad = (reason: string): BadRow => ({ row: first, line, sourceRow, part: null, reason });
  if ('reason' in content) {
    yield bad(content.reason);
    return;
  }
  let read: ReturnType<typeof readValues>;
  try {
    read = readValues(content.values, columns);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    yield bad(reasonOf(error));
    return;
  }
  const { parts, label, metadata } = read;
  const several = givesSeveral(columns);
  let count = 0;
  for (const part of parts) {
    const origin = { row: first + count, line, sourceRow, part: several ? count : null };
    yield 'reason' in part ? { ...origin, ...part } : { ...origin, ...part, label, metadata };
    count++;
  }
}

/** Throws a SyntaxError for what is wrong with the record as a whole. */
function readValues(
  values: Values,
  columns: ResolvedColumns,
): {
  readonly parts: Iterable<Part>;
  readonly label: string | null;
  readonly metadata: DatasetRow['metadata'];
} {
  const parts = partsOf(values, columns);
  const label = columns.label === null ? null : labelOf(values.get(columns.label), columns.label);
  return { parts, label, metadata: metadataOf(values, columns) };
}

function partsOf(values: Values, columns: ResolvedColumns): Iterable<Part> {
  switch (columns.kind) {
    case 'text':
      return pairOf(values, columns);
    case 'chat':
      return chatParts(values, chatSamples(required(values, columns.messages), columns.turns));
    case 'plain': {
      const text = textOf(required(values, columns.text), columns.text);
      return mapped(textWindows(text, columns.window), (window) => ({ ...window, context: [] }));
    }
  }
}

/** Prompt and response may be lists of turns. */
function pairOf(values: Values, columns: TextColumns): Iterable<Part> {
  const [first, ...others] = columns.prompt;
  const [prompt, response] = [values.get(first), values.get(columns.response)];
  const isChat = others.length === 0 && (isTurnList(prompt) || isTurnList(response));
  if (!isChat || prompt === undefined || response === undefined) return [textColumns(values, columns)];
  return chatParts(values, pairSamples(prompt, response, columns.response));
}

function chatParts(
  values: Values,
  samples: Iterable<ChatSample | { readonly reason: string }>,
): Iterable<Part> {
  refuseTools(values);
  return mapped(samples, (sample) => ({ ...sample, raw: null }));
}

/** What is not its own reason, changed. */
function* mapped<T extends object>(
  parts: Iterable<T | { readonly reason: string }>,
  change: (part: T) => TextPair,
): Generator<Part> {
  for (const part of parts) yield 'reason' in part ? part : change(part);
}

function textColumns(values: Values, columns: TextColumns): TextPair {
  const [first, ...others] = columns.prompt;
  const prompts = [textOf(required(values, first), first)];
  for (const name of others) {
    const value = values.get(name) ?? '';
    if (value !== '') prompts.push(textOf(value, name));
  }
  const response = textOf(required(values, columns.response), columns.response);
  if (response === '') throw new SyntaxError('the response is empty');
  return { context: [], prompt: prompts.join('\n\n'), response, raw: null };
}

function required(values: Values, name: string): JsonValue {
  const value = values.get(name);
  if (value === undefined) throw new SyntaxError(`there is no column ${shown(name)}`);
  return value;
}

function textOf(value: JsonValue, name: string): string {
  if (typeof value === 'string') return value;
  throw new SyntaxError(`the column ${shown(name)} holds ${kindOf(value)}, not text`);
}

/** Numbers and booleans as JSON writes them: labels are often 0 and 1. Nothing is no label. */
function labelOf(value: JsonValue | undefined, name: string): string | null {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value === 'object') throw new SyntaxError(`the label ${shown(name)} is ${kindOf(value)}`);
  return String(value);
}

function metadataOf(values: Values, columns: ResolvedColumns): DatasetRow['metadata'] {
  const used: ReadonlySet<string | null> = new Set([...usedColumns(columns), columns.label]);
  // fromEntries defines properties, so that a column named __proto__ is one like any other.
  const metadata = Object.fromEntries([...values].filter(([name]) => !used.has(name)));
  const bytes = Buffer.byteLength(JSON.stringify(metadata));
  if (bytes > MAX_METADATA_BYTES)
    throw new SyntaxError(
      `the other columns have ${bytes} bytes, more than the ${MAX_METADATA_BYTES} that metadata may have`,
    );
  return metadata;
}

function kindOf(value: JsonValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
