/** Sections of a report for a terminal: sentences, and tables in columns, what is best with a star. */
import { cell, type Cell, type Section, type Table } from '../../lab/report/document.ts';
import { safeText } from './safe-text.ts';
import { wrapped } from './wrapped.ts';

const GAP = '  ';

/** @param width columns that sentences are broken at; tables are as wide as they are */
export function sectionsText(sections: readonly Section[], width: number): string {
  return sections
    .map(({ sentences, tables }) =>
      [
        ...tables.map(tableText),
        sentences.flatMap((sentence) => wrapped(safeText(sentence), width, GAP)).join('\n'),
      ].join('\n\n'),
    )
    .join('\n\n');
}

function tableText({ head, rows }: Table): string {
  const texts = [head.map((text) => cell(text)), ...rows].map((cells) => cells.map(cellText));
  const widths = head.map((_, column) => Math.max(...texts.map((row) => (row[column] ?? '').length)));
  return texts
    .map((row) =>
      row
        .map((text, column) => (column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column])))
        .join(GAP)
        .trimEnd(),
    )
    .join('\n');
}

function cellText({ text, strong = false }: Cell, column: number): string {
  // The star's place is kept in all columns of figures, so that they stay below one another.
  const mark = strong ? '*' : column === 0 ? '' : ' ';
  return `${safeText(text)}${mark}`;
}
