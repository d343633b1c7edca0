import { gzipSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer, type ParquetWriteOptions } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SourceRecord } from './dataset.ts';
import { openDataset } from './open-dataset.ts';
import { parquet } from './parquet.ts';
import { readAll, scratchFolder, type Scratch } from './testing.ts';

let scratch: Scratch;
beforeAll(async () => {
  scratch = await scratchFolder();
});
afterAll(() => scratch.remove());

type Options = Omit<ParquetWriteOptions, 'writer'>;

async function written(name: string, options: Options): Promise<string> {
  return scratch.write(name, new Uint8Array(parquetWriteBuffer(options)));
}

async function recordsOf(path: string, maxRowBytes = 1 << 20): Promise<SourceRecord[]> {
  const records: SourceRecord[] = [];
  for await (const record of parquet.read(path, { from: 0, maxRowBytes })) records.push(record);
  return records;
}

async function valuesOf(path: string): Promise<Record<string, unknown>[]> {
  return (await recordsOf(path)).map(({ content }) => {
    if ('reason' in content) throw new Error(content.reason);
    return Object.fromEntries(content.values);
  });
}

async function reasonsOf(path: string, maxRowBytes?: number): Promise<(string | null)[]> {
  return (await recordsOf(path, maxRowBytes)).map(({ content }) =>
    'reason' in content ? content.reason : null,
  );
}

const TEXTS = Array.from({ length: 3000 }, (_, i) => `text ${i % 400} ${'ä🙂 '.repeat(i % 23)}`);

describe('Parquet', () => {
  it('gives rows numbered over row groups, their line one more', async () => {
    const columnData = [
      { name: 'prompt', data: TEXTS },
      { name: 'response', data: TEXTS.map((text) => `to ${text}`) },
      { name: 'label', data: TEXTS.map((_, i) => i % 3) },
    ];
    const path = await written('rows.parquet', { columnData, rowGroupSize: 700, pageSize: 2000 });
    const { rows, bad } = await readAll(path);
    expect(bad).toEqual([]);
    expect(rows.map(({ row, line }) => [row, line])).toEqual(TEXTS.map((_, i) => [i, i + 1]));
    expect(rows.map(({ prompt, response }) => [prompt, response])).toEqual(
      TEXTS.map((text) => [text, `to ${text}`]),
    );
    expect(rows[7].label).toBe('1');
    const behind = await readAll(path, {}, 2500);
    expect(behind.rows).toEqual(rows.slice(2500));
  });

  it('gives messages as a chat', async () => {
    const turns = (i: number) => [
      { role: 'user', content: `question ${i}` },
      { role: 'assistant', content: `answer ${i}` },
    ];
    const columnData = [{ name: 'messages', data: TEXTS.map((_, i) => turns(i)) }];
    const schema: Options['schema'] = [
      { name: 'root', num_children: 1 },
      { name: 'messages', repetition_type: 'OPTIONAL', converted_type: 'LIST', num_children: 1 },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', repetition_type: 'OPTIONAL', num_children: 2 },
      { name: 'role', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
      { name: 'content', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
    ];
    const path = await written('chat.parquet', { columnData, schema, pageSize: 1000 });
    const { rows } = await readAll(path);
    expect(rows).toHaveLength(TEXTS.length);
    expect(rows[1234]).toMatchObject({ prompt: 'question 1234', response: 'answer 1234' });
  });

  it.each(['PLAIN', 'RLE_DICTIONARY', 'DELTA_BYTE_ARRAY', 'DELTA_LENGTH_BYTE_ARRAY'] as const)(
    'reads text written as %s as hyparquet does',
    async (encoding) => {
      const data = TEXTS.map((text, i) => (i % 7 === 0 ? null : text));
      const path = await written('e.parquet', {
        columnData: [{ name: 'a', data, encoding }],
        pageSize: 3000,
      });
      expect(await valuesOf(path)).toEqual(data.map((a) => ({ a })));
    },
  );

  it.each([
    ['INT32', 'DELTA_BINARY_PACKED'],
    ['INT64', 'DELTA_BINARY_PACKED'],
    ['DOUBLE', 'BYTE_STREAM_SPLIT'],
    ['FLOAT', 'BYTE_STREAM_SPLIT'],
    ['BOOLEAN', 'RLE'],
    ['BOOLEAN', 'PLAIN'],
  ] as const)('reads %s written as %s as hyparquet does', async (type, encoding) => {
    const value = (i: number) =>
      type === 'BOOLEAN' ? i % 3 === 0 : type === 'INT64' ? BigInt(i * i) - 500n : ((i * 7919) % 1000) - 500;
    const data = TEXTS.map((_, i) => (i % 5 === 0 ? null : value(i)));
    const file = parquetWriteBuffer({ columnData: [{ name: 'a', data, type, encoding }], pageSize: 1000 });
    const theirs = await parquetReadObjects({ file });
    expect(await valuesOf(await scratch.write('n.parquet', new Uint8Array(file)))).toEqual(
      theirs.map(({ a }: Record<string, unknown>) => ({
        a: typeof a === 'bigint' ? Number(a) : (a ?? null),
      })),
    );
  });

  it('makes a row of what no row can hold a bad one, and reads on', async () => {
    const encoder = new TextEncoder();
    const bytes = [
      encoder.encode('good'),
      new Uint8Array([0xff, 0xfe]),
      encoder.encode('good'),
      encoder.encode('x'.repeat(200)),
    ];
    const path = await written('bad.parquet', {
      columnData: [
        { name: 'bytes', data: bytes, type: 'BYTE_ARRAY' },
        { name: 'number', data: [1, NaN, Infinity, 2], type: 'DOUBLE' },
      ],
    });
    expect(await reasonsOf(path, 100)).toEqual([
      null,
      expect.stringMatching(/"bytes" cannot be kept: it holds bytes that are no text/),
      expect.stringMatching(/"number" cannot be kept: a number is not finite/),
      expect.stringMatching(/longer than 100 bytes/),
    ]);
    const nan = await written('nan.parquet', { columnData: [{ name: 'n', data: [NaN], type: 'DOUBLE' }] });
    expect(await valuesOf(nan)).toEqual([{ n: null }]);
  });

  it('keeps keys like __proto__ as any other', async () => {
    const columnData = ['prompt', 'response', '__proto__'].map((name) => ({ name, data: ['x'] }));
    const { rows } = await readAll(await written('proto.parquet', { columnData }));
    expect(Object.entries(rows[0].metadata)).toEqual([['__proto__', 'x']]);
  });

  describe('that is damaged', () => {
    const whole = Buffer.from(
      parquetWriteBuffer({ columnData: ['prompt', 'response'].map((name) => ({ name, data: TEXTS })) }),
    );
    const footer = (end: Buffer): Buffer => {
      const size = Buffer.alloc(4);
      size.writeUInt32LE(end.byteLength);
      return Buffer.concat([Buffer.from('PAR1'), end, size, Buffer.from('PAR1')]);
    };
    // A footer of one field, 4: a list of 2^28 structures.
    const endless = Buffer.from([0x49, 0xfc, 0xff, 0xff, 0xff, 0x7f]);
    const nested = Buffer.alloc(100_000, 0x1c);
    const longNumber = Buffer.concat([Buffer.from([0x16]), Buffer.alloc(100_000, 0x80)]);
    it.each([
      ['the end is missing', whole.subarray(0, -20), /does not end as Parquet files do/],
      ['only the beginning is there', Buffer.from('PAR1'), /cut off/],
      [
        'the footer is larger than the file',
        Buffer.concat([whole.subarray(0, -8), Buffer.from('\xff\xff\xff\x7fPAR1', 'latin1')]),
        /larger than the file/,
      ],
      ['the footer lists more than it holds', footer(endless), /cut off/],
      ['the footer nests without end', footer(nested), /nested too deeply/],
      ['the footer has a number without end', footer(longNumber), /number that never ends/],
      ['the footer is text', footer(Buffer.from('this is no footer')), /Thrift|cut off/],
      ['the file is encrypted', Buffer.from('PARE....PARE'), /encrypted/],
      ['it is another file', Buffer.from('{"prompt":"p","response":"r"}'), /does not begin as Parquet/],
      ['it is gzipped as a whole', gzipSync(whole), /packed as a whole/],
    ])('is refused where %s', async (_what, content, message) => {
      await expect(openDataset(await scratch.write('damaged.parquet', content))).rejects.toMatchObject({
        code: 'DATASET_INVALID',
        message: expect.stringMatching(message) as unknown,
      });
    });
  });
});
