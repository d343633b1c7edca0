/** A record's values, by the meaning of its columns, as a row; or the reason why it is none. */
import { reasonOf } from '../../../lib/errors.ts';
import { chatTurns } from './chat.ts';
import type { ResolvedColumns, TextColumns } from './columns.ts';
import type { BadRow, DatasetRow, JsonValue, SourceRecord } from './dataset.ts';
import { shown } from './problems.ts';

type Values = ReadonlyMap<string, JsonValue>;

/** As JSON. Metadata travels with every match of a trace, so it stays small. */
const MAX_METADATA_BYTES = 64 << 10;

/** An empty prompt is a row (text to be continued from nothing); an empty response teaches nothing, and is none. */
export function toRow(record: SourceRecord, columns: ResolvedColumns): DatasetRow | BadRow {
  const { row, line, content } = record;
  if ('reason' in content) return { row, line, reason: content.reason };
  try {
    const { values } = content;
    const { prompt, response } =
      columns.kind === 'chat' ? chatTurns(required(values, columns.messages)) : textColumns(values, columns);
    if (response === '') throw new SyntaxError('the response is empty');
    const label = columns.label === null ? null : labelOf(values.get(columns.label), columns.label);
    return { row, line, prompt, response, label, metadata: metadataOf(values, columns) };
  } catch (error) {
    if (error instanceof SyntaxError) return { row, line, reason: reasonOf(error) };
    throw error;
  }
}

function textColumns(values: Values, columns: TextColumns): { prompt: string; response: string } {
  const [first, ...others] = columns.prompt;
  const parts = [textOf(required(values, first), first)];
  for (const name of others) {
    const value = values.get(name) ?? '';
    if (value !== '') parts.push(textOf(value, name));
  }
  return {
    prompt: parts.join('\n\n'),
    response: textOf(required(values, columns.response), columns.response),
  };
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
  const text = columns.kind === 'chat' ? [columns.messages] : [...columns.prompt, columns.response];
  const used: ReadonlySet<string | null> = new Set([...text, columns.label]);
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
