/** Reads a table of entities as the domain files write it: a header line of slot names, then one line per entity. */
import { ReptraceError } from '../../lib/errors.ts';
import type { Entity } from './domain.ts';

export function table(text: string): Entity[] {
  const [header = [], ...lines] = text
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()));
  return lines.map((cells) => {
    if (cells.length !== header.length) {
      throw new ReptraceError(
        'INPUT_INVALID',
        `table line "${cells.join(' | ')}" has ${cells.length} cells, its header has ${header.length}`,
        'Give every line one cell per column.',
      );
    }
    return Object.fromEntries(header.map((slot, column) => [slot, cells[column] ?? '']));
  });
}
