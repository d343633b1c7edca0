import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { arrow } from '../stores/arrow.ts';
import type { SourceRecord } from './dataset.ts';
import { formatOf } from './formats.ts';
import { openDataset } from './open-dataset.ts';
import { readAll, scratchFolder, type Scratch } from './testing.ts';

let scratch: Scratch;
beforeAll(async () => {
  scratch = await scratchFolder();
});
afterAll(() => scratch.remove());

type Format = 'stream' | 'file';

/** Some columns, in batches of 300 rows. */
function table(count: number) {
  const numbers = Array.from({ length: count }, (_, i) => i);
  const message = new arrow.Struct([
    new arrow.Field('role', new arrow.Utf8(), true),
    new arrow.Field('content', new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32(), 7), true),
  ]);
  const messages = new arrow.List(new arrow.Field('item', message, true));
  const columns = {
    prompt: arrow.vectorFromArray(
      numbers.map((i) => `prompt ${i} ä🙂`),
      new arrow.Utf8(),
    ),
    response: arrow.vectorFromArray(numbers.map((i) => `response ${i % 7}`)),
    label: arrow.vectorFromArray(
      numbers.map((i) => (i % 5 === 0 ? null : i % 2)),
      new arrow.Int8(),
    ),
    nothing: arrow.vectorFromArray(numbers.map(() => null)),
    turns: arrow.vectorFromArray(
      numbers.map((i) =>
        i % 4 === 0 ? null : [{ role: 'user', content: `q${i % 9}` }].slice(i % 3 === 0 ? 1 : 0),
      ),
      messages,
    ),
  };
  const whole = new arrow.Table(columns);
  const batches = numbers.filter((i) => i % 300 === 0).flatMap((i) => whole.slice(i, i + 300).batches);
  return new arrow.Table(whole.schema, batches);
}

const bytesOf = (count: number, format: Format): Uint8Array => arrow.tableToIPC(table(count), format);

async function recordsFrom(path: string, from: number): Promise<SourceRecord[]> {
  const records: SourceRecord[] = [];
  for await (const record of (await formatOf(path)).read(path, { from, maxRowBytes: 1 << 20 }))
    records.push(record);
  return records;
}

describe.each<Format>(['stream', 'file'])('Arrow, as a %s', (format) => {
  it('gives rows numbered over batches, their line one more', async () => {
    const path = await scratch.write('rows.arrow', bytesOf(1000, format));
    const { rows, bad } = await readAll(path);
    expect(bad).toEqual([]);
    expect(rows).toHaveLength(1000);
    rows.forEach((row, i) => {
      expect(row).toMatchObject({
        ...{ row: i, line: i + 1, prompt: `prompt ${i} ä🙂`, response: `response ${i % 7}` },
        label: i % 5 === 0 ? null : String(i % 2),
        metadata: {
          nothing: null,
          turns: i % 4 === 0 ? null : i % 3 === 0 ? [] : [{ role: 'user', content: `q${i % 9}` }],
        },
      });
    });
    expect((await readAll(path, {}, 905)).rows).toEqual(rows.slice(905));
  });

  it('makes a bad row of a list that claims any number of nulls, which take no bytes', async () => {
    const list = new arrow.List(new arrow.Field('item', new arrow.Null(), true));
    const [count, claimed] = [77_777, 2 ** 31 - 1];
    const columns = {
      prompt: arrow.vectorFromArray(['p'], new arrow.Utf8()),
      nothing: arrow.vectorFromArray([new Array<null>(count).fill(null)], list),
    };
    const bytes = Buffer.from(arrow.tableToIPC(new arrow.Table(columns), format));
    const written = Buffer.alloc(4);
    written.writeUInt32LE(count);
    let found = 0;
    for (let at = bytes.indexOf(written); at >= 0; at = bytes.indexOf(written, at + 4)) {
      bytes.writeUInt32LE(claimed, at);
      found++;
    }
    expect(found).toBeGreaterThan(1);
    const path = await scratch.write('nulls.arrow', bytes);
    expect((await recordsFrom(path, 0)).map(({ content }) => content)).toEqual([
      { reason: 'the column "nothing" cannot be kept: the row has more than 100000 values' },
    ]);
  });

  it('is known by its first bytes, whatever its name', async () => {
    const { rows } = await readAll(await scratch.write('rows.bin', bytesOf(10, format)));
    expect(rows).toHaveLength(10);
  });

  it('is refused where it is cut off, anywhere', async () => {
    const whole = bytesOf(700, format);
    for (const length of [9, 100, 1000, whole.byteLength - 40, whole.byteLength >> 1]) {
      const path = await scratch.write('cut.arrow', whole.subarray(0, length));
      await expect(readAll(path)).rejects.toMatchObject({
        code: 'DATASET_INVALID',
        message: expect.stringMatching(/cannot be read as Arrow: /) as unknown,
      });
    }
  });

  it('makes a row of bytes that are no text a bad one', async () => {
    const data = [Buffer.from('good'), Buffer.from([0xff]), Buffer.from('good')];
    const bytes = arrow.tableToIPC(
      new arrow.Table({ a: arrow.vectorFromArray(data, new arrow.Binary()) }),
      format,
    );
    const records = await recordsFrom(await scratch.write('bytes.arrow', bytes), 0);
    expect(records.map(({ content }) => ('reason' in content ? content.reason : 'good'))).toEqual([
      'good',
      expect.stringMatching(/"a" cannot be kept: it holds bytes that are no text/),
      'good',
    ]);
  });

  it('is refused with a column of a type that is not read, by name', async () => {
    const interval = arrow.makeVector(
      arrow.makeData({ type: new arrow.IntervalYearMonth(), length: 1, data: new Int32Array(1) }),
    );
    const bytes = arrow.tableToIPC(new arrow.Table({ how_long: interval }), format);
    await expect(openDataset(await scratch.write('type.arrow', bytes))).rejects.toMatchObject({
      message: expect.stringMatching(/"how_long" is of a type that is not read \(interval\)/) as unknown,
    });
  });
});
