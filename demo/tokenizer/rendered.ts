/** A base row's text as the model reads it, without the special tokens. */
import type { BaseRow } from '../corpus/rows.ts';

export function rendered(row: BaseRow): string {
  return 'text' in row ? row.text : `Question: ${row.prompt}\nAnswer: ${row.response}`;
}
