/**
 * What a report says, apart from how it is set: sections of sentences, tables and charts, which markdown.ts and html.ts write.
 * All texts here are plain; each writer escapes them its own way.
 */

export interface Cell {
  readonly text: string;
  /** Best, or tied with the best. */
  readonly strong?: boolean;
}

export interface Table {
  /** What it shows; the name of its scrolling region, and the line above it. */
  readonly caption: string;
  readonly head: readonly string[];
  /** As many cells as `head`; the first names the row. */
  readonly rows: readonly (readonly Cell[])[];
}

/** A drawn figure, its words, and the same as a table. */
export interface Chart {
  readonly title: string;
  /** What is seen, for those who do not see it. */
  readonly description: string;
  /** One <svg> element. */
  readonly svg: string;
  readonly table: Table;
}

export interface Section {
  readonly title: string;
  readonly sentences: readonly string[];
  readonly tables: readonly Table[];
  readonly charts: readonly Chart[];
}

export interface Report {
  readonly title: string;
  readonly sentences: readonly string[];
  readonly sections: readonly Section[];
}

export function cell(text: string, strong = false): Cell {
  return strong ? { text, strong } : { text };
}

/** A row of plain cells. */
export function plain(...texts: readonly string[]): Cell[] {
  return texts.map((text) => ({ text }));
}
