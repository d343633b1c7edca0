import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAll, scratchFolder, type Scratch } from './testing.ts';

let scratch: Scratch;
beforeAll(async () => {
  scratch = await scratchFolder();
});
afterAll(() => scratch.remove());

const ITEM = '{"prompt":"p","response":"r"}';

async function outcome(content: string, maxRowBytes = 1000) {
  const { rows, bad } = await readAll(await scratch.write('list.json', content), { maxRowBytes });
  return { rows: rows.map(({ row, line }) => [row, line]), bad: bad.map(({ row, reason }) => [row, reason]) };
}

describe('a JSON list', () => {
  it('gives its items as rows, with the lines on which they begin', async () => {
    const content = `\ufeff \n[\n  ${ITEM},\n\n  {"prompt": "a ],[{}\\" b",\n   "response":"r"}\n ,${ITEM}]\n`;
    expect(await outcome(content)).toEqual({
      rows: [
        [0, 3],
        [1, 5],
        [2, 7],
      ],
      bad: [],
    });
  });

  it('is read across the borders of chunks', async () => {
    const texts = Array.from({ length: 20_000 }, (_, i) => `${i} ${'ä]"\\,[🙂'.repeat(i % 13)}`);
    const list = texts.map((text) => ({ prompt: text, response: 'r', meta: { deep: [[text]] } }));
    const { rows, bad } = await readAll(await scratch.write('big.json', JSON.stringify(list, null, 1)));
    expect(bad).toEqual([]);
    expect(rows.map(({ prompt }) => prompt)).toEqual(texts);
  });

  it.each([
    ['an item that is no object', `[${ITEM},3,${ITEM}]`, [0, 2], /not a JSON object/],
    ['a comma too many', `[${ITEM},,${ITEM}]`, [0, 2], /JSON/],
    ['a comma at the end', `[${ITEM},]`, [0], /JSON/],
    [
      'an item that is too long',
      `[${ITEM},{"prompt":"${'x'.repeat(2000)}"},${ITEM}]`,
      [0, 2],
      /longer than 1000/,
    ],
    ['no end', `[${ITEM},${ITEM}`, [0], /never closed/],
    ['a quote left open', `[${ITEM},{"prompt":"p,${ITEM}]`, [0], /never closed/],
    ['text behind it', `[${ITEM}] ${ITEM}`, [0], /follows the end/],
  ])('with %s has one bad row', async (_what, content, good, reason) => {
    const { rows, bad } = await outcome(content);
    expect(rows.map(([row]) => row)).toEqual(good);
    expect(bad).toEqual([[expect.any(Number), expect.stringMatching(reason)]]);
  });

  it('without items has no rows', async () => {
    await expect(outcome('[ ]')).rejects.toMatchObject({
      message: expect.stringMatching(/no rows/) as unknown,
    });
  });

  it('is not needed in a file with its name: it may hold JSON lines', async () => {
    expect((await outcome(`${ITEM}\n${ITEM}`)).rows).toHaveLength(2);
  });
});
