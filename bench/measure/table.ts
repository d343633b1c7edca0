/** A table as Markdown, which is also readable in a terminal: columns padded, numbers to the right. */

export type Cell = string | number;

/** Numbers are shown as they are: round them first. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const widths = head.map((title, i) =>
    Math.max(3, title.length, ...rows.map((row) => String(row[i]).length)),
  );
  const isNumber = head.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number'));
  const line = (cells: readonly Cell[]): string =>
    `| ${cells.map((cell, i) => (isNumber[i] ? String(cell).padStart(widths[i]) : String(cell).padEnd(widths[i]))).join(' | ')} |`;
  const rule = widths.map((width, i) => (isNumber[i] ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

/** A number to three digits or so, as a number. */
export function short(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

/** 0.034 -> "3 %". */
export function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
