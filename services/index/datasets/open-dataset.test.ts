import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from './open-dataset.ts';
import { badRowError } from './problems.ts';
import { readAll, scratchFolder, type Scratch } from './testing.ts';

let scratch: Scratch;
beforeAll(async () => {
  scratch = await scratchFolder();
});
afterAll(() => scratch.remove());

const GOOD = '{"prompt":"p","response":"r"}';

/** Of rows that are one sample each. */
const origin = (row: number, line: number) => ({ row, line, sourceRow: row, part: null });
const chat = (prompt: string, response: string) => ({ context: [], prompt, response, raw: null });

/** The reason given for a line that stands behind a good one. */
async function reasonFor(line: string | Uint8Array): Promise<string | undefined> {
  const content = Buffer.concat([Buffer.from(`${GOOD}\n`), Buffer.from(line), Buffer.from(`\n${GOOD}\n`)]);
  const { rows, bad } = await readAll(await scratch.write('reason.jsonl', content));
  expect(rows.map(({ row }) => row)).toEqual(bad.length === 0 ? [0, 1, 2] : [0, 2]);
  return bad[0]?.reason;
}

describe('JSON lines', () => {
  it('give rows with label and metadata, numbered without blank lines, with the lines of the file', async () => {
    const path = await scratch.write(
      'a.jsonl',
      '\ufeff{"prompt":"ä 🙂","response":"r","label":"x","source":"web","n":{"a":[1]}}\r\n\n  \n{"response":"s","prompt":""}',
    );
    expect(await readAll(path)).toEqual({
      rows: [
        {
          ...origin(0, 1),
          ...chat('ä 🙂', 'r'),
          label: 'x',
          metadata: { source: 'web', n: { a: [1] } },
        },
        { ...origin(1, 4), ...chat('', 's'), label: null, metadata: {} },
      ],
      bad: [],
    });
  });

  it('report a bad line with its number and go on; bad rows keep their number', async () => {
    const path = await scratch.write('b.jsonl', `${GOOD}\nnot json\n\n${GOOD}\n[1]\n`);
    const { rows, bad } = await readAll(path);
    expect(rows.map(({ row, line }) => [row, line])).toEqual([
      [0, 1],
      [2, 4],
    ]);
    expect(bad.map(({ row, line }) => [row, line])).toEqual([
      [1, 2],
      [3, 5],
    ]);
    expect(badRowError(path, bad[0])).toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(/b\.jsonl, line 2 \(row 1\): .*JSON/) as unknown,
    });
  });

  it.each([
    [
      'bytes that are not UTF-8',
      Buffer.from([...Buffer.from('{"prompt":"'), 0xff, ...Buffer.from('","response":"r"}')]),
      /UTF-8/,
    ],
    ['half of a surrogate pair', '{"prompt":"\\ud800","response":"r"}', /surrogate/],
    ['half of a pair as a key', '{"prompt":"p","response":"r","\\udc00":1}', /surrogate/],
    ['a number beyond float64', '{"prompt":"p","response":"r","n":[{"x":1e400}]}', /float64/],
    ['a key given twice', '{"prompt":"p","response":"r","prompt":"q"}', /twice/],
    ['a nested key given twice', '{"prompt":"p","response":"r","n":{"a":1,"a":2}}', /twice/],
    ['deep nesting', `{"prompt":"p","response":"r","n":${'['.repeat(100_000)}`, /nesting/],
    ['very many values', `{"prompt":"p","response":"r","n":[${'[],'.repeat(200_000)}0]}`, /values/],
    ['metadata that is too large', `{"prompt":"p","response":"r","n":"${'x'.repeat(70_000)}"}`, /metadata/],
    ['a prompt that is no text', '{"prompt":3,"response":"r"}', /"prompt" holds a number/],
    ['no response', '{"prompt":"p"}', /no column "response"/],
    ['an empty response', '{"prompt":"p","response":""}', /response is empty/],
    ['a label that is a list', '{"prompt":"p","response":"r","label":["x"]}', /label/],
    ['a raw NUL', '{"prompt":"\0","response":"r"}', /JSON|control/],
    ['half an object', '{"prompt":"p","respo', /JSON/],
  ])('refuse %s as a bad row', async (_what, line, reason) => {
    expect(await reasonFor(line)).toMatch(reason);
  });

  it('keep reasons short, whatever the line holds', async () => {
    const key = 'k'.repeat(100_000);
    expect((await reasonFor(`{"${key}":"p"}${key}`))?.length).toBeLessThan(300);
    expect((await reasonFor(`"${key}"`))?.length).toBeLessThan(300);
  });

  it('keep reasons free of what a terminal would act on', async () => {
    for (const line of ['\x1b[31mred', '{"a":\x9b\u202e', '{"messages":\x07}'])
      expect(await reasonFor(line)).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  it('take keys like __proto__ as any other', async () => {
    const line =
      '{"prompt":"p","response":"r","__proto__":{"polluted":1},"constructor":"c","hasOwnProperty":2}';
    const { rows } = await readAll(await scratch.write('proto.jsonl', line));
    expect(Object.entries(rows[0].metadata)).toEqual([
      ['__proto__', { polluted: 1 }],
      ['constructor', 'c'],
      ['hasOwnProperty', 2],
    ]);
    expect(Object.getPrototypeOf(rows[0].metadata)).toBe(Object.prototype);
    expect('polluted' in {}).toBe(false);
  });

  it('pass over a row that is too long and go on at the next line', async () => {
    const long = `{"prompt":"${'x'.repeat(2000)}","response":"r"}`;
    const path = await scratch.write('long.jsonl', `${GOOD}\n${long}\n${GOOD}`);
    const { rows, bad } = await readAll(path, { maxRowBytes: 1000 });
    expect(rows.map(({ row, line }) => [row, line])).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(bad).toEqual([
      { row: 1, line: 2, sourceRow: 1, part: null, reason: 'the row is longer than 1000 bytes' },
    ]);
    expect((await readAll(path, { maxRowBytes: long.length })).bad).toEqual([]);
  });

  it('take labels that are numbers or booleans as their text, and nothing as none', async () => {
    const lines = ['0', 'true', '""', 'null', '"a"'].map(
      (label) => `{"prompt":"p","response":"r","label":${label}}`,
    );
    const { rows } = await readAll(await scratch.write('labels.jsonl', lines.join('\n')));
    expect(rows.map(({ label }) => label)).toEqual(['0', 'true', null, null, 'a']);
  });

  it('read across the borders of chunks', async () => {
    const texts = Array.from({ length: 5000 }, (_, i) => `${i} ${'äöü🙂"\\\n'.repeat(i % 37)}`);
    const lines = texts.map((text) => JSON.stringify({ prompt: text, response: 'r' }));
    const { rows, bad } = await readAll(await scratch.write('chunks.jsonl', lines.join('\r\n')));
    expect(bad).toEqual([]);
    expect(rows.map(({ prompt }) => prompt)).toEqual(texts);
  });
});

describe('CSV', () => {
  it('gives rows with quotes, line ends within fields, BOM and CRLF; the header is no row', async () => {
    const path = await scratch.write(
      'a.csv',
      '\ufeff"prompt",response,label,source\r\n"a ""quoted"", word","two\r\nlines",,web\r\n\r\nplain,r2,x,\r\n',
    );
    expect(await readAll(path)).toEqual({
      rows: [
        {
          ...origin(0, 2),
          ...chat('a "quoted", word', 'two\r\nlines'),
          label: null,
          metadata: { source: 'web' },
        },
        { ...origin(1, 5), ...chat('plain', 'r2'), label: 'x', metadata: { source: '' } },
      ],
      bad: [],
    });
  });

  it('reports what is malformed with its lines, and goes on at the next line', async () => {
    const path = await scratch.write(
      'b.csv',
      'prompt,response\na,b,c\na\n"x"y,b\nx"y,b\n"open,b\nnext,"b"\ngood,r\n,\n"never closed\nmore,lines\n',
    );
    const { rows, bad } = await readAll(path);
    expect(rows.map(({ row, line, prompt }) => [row, line, prompt])).toEqual([[5, 8, 'good']]);
    expect(bad).toEqual([
      { row: 0, line: 2, sourceRow: 0, part: null, reason: 'the header has 2 fields, and this row more' },
      { row: 1, line: 3, sourceRow: 1, part: null, reason: 'the header has 2 fields, and this row 1' },
      { row: 2, line: 4, sourceRow: 2, part: null, reason: 'text follows a closing quote' },
      {
        row: 3,
        line: 5,
        sourceRow: 3,
        part: null,
        reason: 'a quote stands in a field that is not in quotes',
      },
      { row: 4, line: 6, sourceRow: 4, part: null, reason: 'text follows a closing quote (lines 6 to 7)' },
      { row: 6, line: 9, sourceRow: 6, part: null, reason: 'the response is empty' },
      { row: 7, line: 10, sourceRow: 7, part: null, reason: 'a quote is never closed (lines 10 to 12)' },
    ]);
  });

  it('passes over a quote left open once the row is too long, and goes on at the next line', async () => {
    const path = await scratch.write('c.csv', `prompt,response\n"open,${'x\n'.repeat(600)}p,r\n`);
    const { rows, bad } = await readAll(path, { maxRowBytes: 1000 });
    expect(bad[0]).toMatchObject({
      row: 0,
      line: 2,
      reason: expect.stringMatching(/longer than 1000 bytes \(lines 2 to \d+\); a quote/) as unknown,
    });
    expect(rows.at(-1)).toMatchObject({ line: 602, prompt: 'p' });
  });

  it('makes a row that is not UTF-8 a bad row', async () => {
    const path = await scratch.write('d.csv', Buffer.from('prompt,response\n\xe4,b\nc,d\n', 'latin1'));
    const { rows, bad } = await readAll(path);
    expect(bad).toEqual([{ row: 0, line: 2, sourceRow: 0, part: null, reason: 'the text is not UTF-8' }]);
    expect(rows).toHaveLength(1);
  });

  it('calls a column without a name after its place, and reads tabs from .tsv', async () => {
    const path = await scratch.write('e.tsv', '\tprompt\tresponse\t__proto__\n7\ta,b\tr\tx\n');
    const { rows } = await readAll(path);
    expect(rows[0]).toMatchObject({ prompt: 'a,b', response: 'r' });
    expect(Object.entries(rows[0].metadata)).toEqual([
      ['column 1', '7'],
      ['__proto__', 'x'],
    ]);
  });

  it.each([
    ['a column twice', 'prompt,response,prompt\na,b,c\n', /"prompt" is there twice/],
    ['a quote left open', '"prompt,response\na,b\n', /never closed/],
  ])('refuses a header with %s', async (_what, content, message) => {
    await expect(openDataset(await scratch.write('h.csv', content))).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(message) as unknown,
    });
  });
});

describe('any dataset', () => {
  it.each(['f.jsonl', 'f.csv'])('%s can be read from any row on, and again', async (name) => {
    const lines = Array.from({ length: 50 }, (_, i) =>
      name === 'f.csv' ? `p${i},"r\n"` : i === 7 ? 'bad' : `{"prompt":"p${i}","response":"r\\n"}`,
    );
    const path = await scratch.write(name, (name === 'f.csv' ? 'prompt,response\n' : '') + lines.join('\n'));
    const all = await readAll(path);
    for (const from of [0, 1, 7, 8, 49, 50, 1000]) {
      const { rows } = await readAll(path, {}, from);
      expect(rows).toEqual(all.rows.filter(({ row }) => row >= from));
    }
  });

  it('reads only the bytes expected, and says when they are others', async () => {
    const path = await scratch.write('g.jsonl', `${GOOD}\n${GOOD}\n`);
    const expected = {
      bytes: GOOD.length + 1,
      digest: createHash('sha256').update(`${GOOD}\n`).digest('hex'),
    };
    await appendFile(path, GOOD);
    const dataset = await openDataset(path);
    const count = async (): Promise<number> => {
      let rows = 0;
      for await (const _ of dataset.rows(0, { expected })) rows++;
      return rows;
    };
    expect(await count()).toBe(1);
    await writeFile(path, GOOD.replace('p"', 'q"') + '\n');
    await expect(count()).rejects.toMatchObject({ code: 'DATASET_CHANGED' });
    await writeFile(path, '');
    await expect(count()).rejects.toMatchObject({ code: 'DATASET_CHANGED' });
  });

  it('lets go of the file when a reader stops early', async () => {
    const path = await scratch.write('stop.jsonl', `${GOOD}\n`.repeat(100_000));
    const dataset = await openDataset(path);
    const openFiles = async (): Promise<number> => (await readdir('/dev/fd')).length;
    const before = await openFiles();
    for (let i = 0; i < 20; i++) {
      for await (const row of dataset.rows()) if (row.row === 0) break;
    }
    expect(await openFiles()).toBeLessThan(before + 5);
  });

  it.each([
    ['nothing in it', 'x.jsonl', '', /no rows/],
    ['blank lines only', 'x.jsonl', '\n \r\n', /no rows/],
    ['a header only', 'x.csv', 'prompt,response\n', /no rows/],
    ['other columns', 'x.csv', 'a,b\n1,2\n', /no columns known .*"a", "b"/],
    ['no line that can be read', 'x.jsonl', 'a\nb\n', /none of the first 2 rows .*line 1: /],
    ['UTF-16', 'x.csv', Buffer.from('\ufeffprompt,response\na,b\n', 'utf16le'), /UTF-16/],
    ['half of a gzip', 'x.jsonl', Buffer.from([0x1f, 0x8b, 8, 0]), /gzip: unexpected end/],
    ['a zip archive', 'x.csv', Buffer.from('PK\x03\x04'), /zip archive/],
    ['an extension not known', 'x.xlsx', 'prompt,response', /"\.xlsx"/],
    ['no extension', 'x', GOOD, /no extension/],
  ])('is refused with %s', async (_what, name, content, message) => {
    await expect(openDataset(await scratch.write(name, content))).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(message) as unknown,
      remedy: expect.stringMatching(/./) as unknown,
    });
  });

  it('names the extensions that are known', async () => {
    await expect(openDataset(await scratch.write('x.doc', GOOD))).rejects.toMatchObject({
      remedy: expect.stringContaining('.json, .jsonl, .ndjson, .csv, .tsv, .arrow') as unknown,
    });
  });

  it('is refused when it is a folder, a pipe, or not there', async () => {
    await mkdir(join(scratch.dir, 'folder.jsonl'));
    execFileSync('mkfifo', [join(scratch.dir, 'pipe.jsonl')]);
    const file = await scratch.write('file.jsonl', GOOD);
    await expect(openDataset(join(scratch.dir, 'folder.jsonl'))).rejects.toMatchObject({
      code: 'DATASET_INVALID',
    });
    await expect(openDataset(join(scratch.dir, 'pipe.jsonl'))).rejects.toMatchObject({
      code: 'DATASET_INVALID',
    });
    for (const path of [join(scratch.dir, 'absent.jsonl'), join(file, 'x.jsonl')])
      await expect(openDataset(path)).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
    await expect(openDataset('nul\0.jsonl')).rejects.toMatchObject({ code: 'DATASET_INVALID' });
  });
});
