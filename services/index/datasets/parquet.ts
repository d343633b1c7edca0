/**
 * Parquet, read a page of each column at a time. hyparquet reads the footer and the headers of pages; it does not read the
 * pages, since it takes a row group's column as a whole, and the counts in a file at their word.
 */
import { contentOf } from './binary-values.ts';
import type { ReadRequest, Records, SourceRecord } from './dataset.ts';
import { ForwardReader, type FileSlices } from './file-slices.ts';
import { readValue } from './parquet/assemble.ts';
import { ColumnReader, DISAGREE, Held } from './parquet/column-reader.ts';
import { readFooter, type Footer, type RowGroup } from './parquet/footer.ts';
import { readPages } from './parquet/pages.ts';
import { slicedFormat } from './sliced-format.ts';

export const parquet = slicedFormat({
  name: 'parquet',
  title: 'Parquet',
  extensions: ['.parquet', '.pq'],

  refuse(head) {
    const is = Buffer.from(head.subarray(0, 4)).toString('latin1') === 'PAR1';
    return is ? null : 'it does not begin as Parquet files do';
  },

  read: readFile,
});

async function* readFile(
  file: FileSlices,
  request: ReadRequest,
  passed: (offset: number) => Promise<void>,
): Records {
  const footer = await readFooter(file);
  let row = request.firstRow ?? 0;
  for (const group of footer.groups) {
    if (row + group.rows > request.from) yield* readGroup(file, footer, group, request, row);
    row += group.rows;
    for (const { end } of group.chunks) await passed(end);
  }
  return row;
}

async function* readGroup(
  file: FileSlices,
  { columns }: Footer,
  group: RowGroup,
  { from, maxRowBytes }: ReadRequest,
  firstRow: number,
): AsyncGenerator<SourceRecord, void> {
  const held = new Held();
  const readers = group.chunks.map(
    (chunk) =>
      new ColumnReader(readPages(new ForwardReader(file, chunk.start, chunk.end), chunk), chunk.leaf, held),
  );
  for (let done = 0; done < group.rows;) {
    let ready = group.rows - done;
    for (const reader of readers) ready = Math.min(ready, await reader.ready());
    if (ready === 0) throw new Error('a row group has fewer rows than it says');
    for (const end = done + ready; done < end; done++) {
      const row = firstRow + done;
      const wanted = row >= from;
      const content = wanted
        ? contentOf(
            maxRowBytes,
            columns.map(({ name, node }) => [name, (budget) => readValue(node, readers, budget)]),
          )
        : null;
      const whole = readers.map((reader) => reader.endRow(done)).every((was) => was);
      if (content === null) continue;
      if (!whole && 'values' in content) throw new Error(DISAGREE);
      yield { row, line: row + 1, end: 0, content };
    }
  }
  for (const reader of readers)
    if ((await reader.ready()) > 0) throw new Error('a row group has more rows than it says');
}
