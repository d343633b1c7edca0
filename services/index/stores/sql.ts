/** A filter as the SQL that LanceDB reads (DataFusion's). Pure. Every value goes through `sqlText` or `sqlNumber`. */
import { facet } from './facets.ts';
import type { SampleFilter } from './signature-store.ts';
import { wellFormed } from './well-formed.ts';

/** A text literal. DataFusion has no escapes within one but the doubled quote: backslashes and line ends are themselves. */
export function sqlText(text: string): string {
  return `'${wellFormed(text).replaceAll("'", "''")}'`;
}

/** @param value a whole number; throws RangeError for any other, since it would be read as something else */
export function sqlNumber(value: number): string {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a whole number`);
  return String(value);
}

/** The condition, or undefined when every sample passes. */
export function filterSql(filter: SampleFilter = {}): string | undefined {
  const { labels, withoutLabels = [], metadata = [], rows } = filter;
  const conditions: string[] = [];
  if (labels !== undefined) conditions.push(oneOf('label', labels.map(sqlText)));
  if (withoutLabels.length > 0) {
    conditions.push(`(label IS NULL OR NOT ${oneOf('label', withoutLabels.map(sqlText))})`);
  }
  for (const { key, values } of metadata) {
    const facets = values.map((value) => sqlText(facet(key, value)));
    conditions.push(
      facets.length === 0 ? 'false' : `array_has_any(facets, make_array(${facets.join(', ')}))`,
    );
  }
  if (rows !== undefined) conditions.push(oneOf('row', rows.map(sqlNumber)));
  return conditions.length === 0 ? undefined : conditions.join(' AND ');
}

/** An empty list is passed by nothing; `IN ()` would be a syntax error. */
export function oneOf(column: string, literals: readonly string[]): string {
  return literals.length === 0 ? 'false' : `(${column} IN (${literals.join(', ')}))`;
}
