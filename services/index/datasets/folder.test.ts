import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { arrow } from '../stores/arrow.ts';
import { compareDataset } from './compare.ts';
import { shardsOf } from './folder.ts';
import { openDataset } from './open-dataset.ts';
import { scanDataset } from './scan.ts';
import { readAll, scratchFolder, type Scratch } from './testing.ts';

let scratch: Scratch;
beforeAll(async () => {
  scratch = await scratchFolder();
});
afterAll(() => scratch.remove());

let folders = 0;

/** A new folder with these files in it. */
async function folder(files: Readonly<Record<string, string | Uint8Array>>, name?: string): Promise<string> {
  const dir = join(scratch.dir, name ?? `folder-${folders++}`);
  await mkdir(dir, { recursive: true });
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, file)), { recursive: true });
    await writeFile(join(dir, file), content);
  }
  return dir;
}

/** JSON lines of rows with these prompts. */
const lines = (...prompts: readonly string[]): string =>
  prompts.map((prompt) => `${JSON.stringify({ prompt, response: 'r' })}\n`).join('');
const stream = (...prompts: readonly string[]): Uint8Array =>
  arrow.tableToIPC(
    new arrow.Table({
      prompt: arrow.vectorFromArray(prompts, new arrow.Utf8()),
      response: arrow.vectorFromArray(prompts, new arrow.Utf8()),
    }),
    'stream',
  );
const state = (...files: readonly string[]): string =>
  JSON.stringify({ _data_files: files.map((filename) => ({ filename })) });

const prompts = async (path: string): Promise<string[]> =>
  (await readAll(path)).rows.map(({ prompt }) => prompt);

describe('a folder of several files', () => {
  it('lets go of its file when a reader stops early', async () => {
    const many = lines(...Array.from({ length: 20_000 }, (_, i) => `p${i}`));
    const dir = await folder({ 'train-0.jsonl': many, 'train-1.jsonl': many });
    const dataset = await openDataset(dir);
    const openFiles = async (): Promise<number> => (await readdir('/dev/fd')).length;
    const before = await openFiles();
    for (let i = 0; i < 20; i++) {
      for await (const row of dataset.rows()) if (row.row === 0) break;
    }
    expect(await openFiles()).toBeLessThan(before + 5);
  });
});

describe('a folder that datasets saved', () => {
  it('is read in the order that its description gives', async () => {
    const dir = await folder({
      'dataset_info.json': '{}',
      'state.json': state('data-00001-of-00002.arrow', 'data-00000-of-00002.arrow'),
      'data-00000-of-00002.arrow': stream('c', 'd'),
      'data-00001-of-00002.arrow': stream('a', 'b'),
      'left-over.arrow': stream('x'),
    });
    const { rows, bad } = await readAll(dir);
    expect(bad).toEqual([]);
    expect(rows.map(({ row, line, prompt }) => [row, line, prompt])).toEqual([
      [0, 1, 'a'],
      [1, 2, 'b'],
      [2, 3, 'c'],
      [3, 4, 'd'],
    ]);
    for (const from of [1, 2, 3, 4]) expect((await readAll(dir, {}, from)).rows).toEqual(rows.slice(from));
    expect(await scanDataset(dir)).toMatchObject({ format: 'arrow', rows: 4 });
  });

  it('of several splits gives `train`, or the only one', async () => {
    const split = (name: string) => ({
      [`${name}/state.json`]: state('d.arrow'),
      [`${name}/d.arrow`]: stream(name),
    });
    const both = { 'dataset_dict.json': '{"splits":["test","train"]}', ...split('train'), ...split('test') };
    expect(await prompts(await folder(both))).toEqual(['train']);
    const one = await folder({ 'dataset_dict.json': '{"splits":["test"]}', ...split('test') });
    expect(await prompts(one)).toEqual(['test']);
    const none = await folder({ 'dataset_dict.json': '{"splits":["a","b"]}', ...split('a'), ...split('b') });
    await expect(openDataset(none)).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(/several splits.*"a", "b"/) as unknown,
      remedy: `Name the one that is meant, as ${join(none, 'a')}.`,
    });
    expect(await prompts(join(none, 'b'))).toEqual(['b']);
  });

  it.each([
    ['a way out', state('../other/data.arrow')],
    ['an absolute path', state('/etc/passwd')],
    ['something hidden', state('.hidden.arrow')],
    ['no names', '{"_data_files":[{"filename":3}]}'],
    ['no files', state()],
    ['a file twice', state('d.arrow', 'd.arrow')],
    ['no JSON', '{"_data_files":'],
    ['a list', '[]'],
  ])('is refused where its description has %s', async (_what, description) => {
    const dir = await folder({ 'state.json': description, 'd.arrow': stream('x') });
    await expect(openDataset(dir)).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(/state\.json is not as it should be/) as unknown,
    });
  });

  it('says which file is missing', async () => {
    const dir = await folder({ 'state.json': state('gone.arrow') });
    await expect(openDataset(dir)).rejects.toMatchObject({
      code: 'DATASET_NOT_FOUND',
      message: expect.stringMatching(/gone\.arrow/) as unknown,
    });
  });
});

describe('a folder of files', () => {
  it.each<[string, Record<string, string>, string[]]>([
    [
      'numbered files in their order',
      { 'data/train-00001-of-00002.jsonl': 'b', 'data/train-00000-of-00002.jsonl': 'a' },
      ['a', 'b'],
    ],
    [
      'numbers without zeros',
      { 'part10.jsonl': 'c', 'part9.jsonl': 'b', 'part1.jsonl': 'a' },
      ['a', 'b', 'c'],
    ],
    [
      'the split `train`',
      { 'test.jsonl': 'x', 'train.jsonl': 'a', 'validation-00000-of-00001.jsonl': 'y' },
      ['a'],
    ],
    [
      'splits in folders',
      { 'default/train/0000.jsonl': 'a', 'default/train/0001.jsonl': 'b', 'default/test/0000.jsonl': 'x' },
      ['a', 'b'],
    ],
    [
      'the only file, whatever its name',
      { 'alpaca_data.jsonl': 'a', 'README.md': 'x', '.cache/x.jsonl': 'y' },
      ['a'],
    ],
    ['the only split', { 'test-00000-of-00001-0123456789abcdef.jsonl': 'a' }, ['a']],
  ])('gives %s', async (_what, files, expected) => {
    const dir = await folder({
      'README.md': '# A dataset',
      'dataset_infos.json': '{}',
      '.gitattributes': '',
      ...Object.fromEntries(Object.entries(files).map(([name, prompt]) => [name, lines(prompt)])),
    });
    expect(await prompts(dir)).toEqual(expected);
  });

  it.each([
    ['two datasets', { 'a.jsonl': lines('a'), 'b.jsonl': lines('b') }, /"a\.jsonl", "b\.jsonl"/],
    [
      'two kinds of training',
      { 'train_sft.jsonl': lines('a'), 'train_gen.jsonl': lines('b') },
      /"train_gen\.jsonl", "train_sft\.jsonl"/,
    ],
    [
      'two languages',
      { 'de/train-0.jsonl': lines('a'), 'en/train-0.jsonl': lines('b'), 'en/train-1.jsonl': lines('c') },
      /"de\/train-0\.jsonl", "en\/train\*\.jsonl"/,
    ],
    [
      'two formats',
      { 'train.jsonl': lines('a'), 'train.csv': 'prompt,response\na,b\n' },
      /"train\.csv", "train\.jsonl"/,
    ],
    [
      'test and validation',
      { 'test.jsonl': lines('a'), 'dev.jsonl': lines('b') },
      /"dev\.jsonl", "test\.jsonl"/,
    ],
    ['nothing to read', { 'README.md': '#', 'config.json': '{}' }, /no file that is known/],
  ])('with %s is refused with the choices', async (_what, files, message) => {
    await expect(openDataset(await folder(files))).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(message) as unknown,
    });
  });

  it('names its splits as if they were folders', async () => {
    const files = {
      'train-00000-of-00001.jsonl': lines('a'),
      'test-00001-of-00002.jsonl': lines('c'),
      'test-00000-of-00002.jsonl': `${lines('b')}bad\n`,
      'dev-00000-of-00001.jsonl': lines('d'),
      'forget01-00000-of-00001.jsonl': lines('e'),
    };
    for (const home of ['', 'data/', 'plain_text/']) {
      const named = Object.entries(files).map(([name, content]) => [home + name, content] as const);
      const dir = await folder({ ...Object.fromEntries(named), 'README.md': '#' });
      expect(await prompts(dir)).toEqual(['a']);
      expect(await prompts(join(dir, 'train'))).toEqual(['a']);
      expect(await prompts(join(dir, home, 'test'))).toEqual(['b', 'c']);
      expect(await prompts(join(dir, 'validation'))).toEqual(['d']);
      expect(await prompts(join(dir, 'forget01'))).toEqual(['e']);
      const { bad } = await readAll(join(dir, 'test'));
      expect(bad).toMatchObject([
        { row: 1, reason: expect.stringContaining('test-00000-of-00002') as unknown },
      ]);
      const scan = await scanDataset(join(dir, 'test'));
      expect(scan).toMatchObject({ rows: 3, badRowCount: 1 });
      expect(await compareDataset(join(dir, 'test'), scan)).toMatchObject({ kind: 'same' });
      await writeFile(join(dir, home, 'test-00001-of-00002.jsonl'), lines('x'));
      expect(await compareDataset(join(dir, 'test'), scan)).toMatchObject({ kind: 'changed' });
      for (const wrong of ['tset', 'train2'])
        await expect(openDataset(join(dir, wrong))).rejects.toMatchObject({
          code: 'DATASET_NOT_FOUND',
          message: `there is no dataset at ${join(dir, wrong)}; the splits in ${dir} are "dev", "forget01", "test", "train"`,
          remedy: `Name one of the splits, as ${join(dir, 'dev')}.`,
        });
    }
  });

  it('has no splits in the names of files, in other datasets’ folders, or where it was saved whole', async () => {
    const dir = await folder({
      'one/test-00000-of-00001.jsonl': lines('a'),
      'two/train-00000-of-00001.jsonl': lines('a'),
      'a.jsonl': lines('a'),
    });
    const saved = await folder({
      'state.json': state('data-0-of-1.arrow'),
      'data-0-of-1.arrow': stream('x'),
    });
    const gone = join(dir, 'test');
    for (const path of [gone, join(dir, 'a'), join(dir, 'test.jsonl'), join(saved, 'data'), join(gone, 'x')])
      await expect(openDataset(path)).rejects.toMatchObject({
        code: 'DATASET_NOT_FOUND',
        message: `there is no dataset at ${path}`,
      });
    const split = { 'a/state.json': state('d.arrow'), 'a/d.arrow': stream('a') };
    const dict = await folder({ 'dataset_dict.json': '{"splits":["a"]}', ...split });
    await expect(openDataset(join(dict, 'b'))).rejects.toMatchObject({
      code: 'DATASET_NOT_FOUND',
      message: expect.stringMatching(/the splits in .* are "a"$/) as unknown,
    });
  });

  it('of which several files may be the split that is named is refused', async () => {
    const dir = await folder({ 'test_a.jsonl': lines('a'), 'test_b.jsonl': lines('b') });
    expect(await prompts(join(dir, 'test_b'))).toEqual(['b']);
    await expect(openDataset(join(dir, 'test'))).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(/"test_a\.jsonl", "test_b\.jsonl"/) as unknown,
      remedy: expect.stringContaining(join(dir, 'test_a')) as unknown,
    });
  });

  it('may hold packed files, and names the file of a bad row', async () => {
    const dir = await folder({
      'train-0.jsonl.gz': gzipSync(lines('a', 'b')),
      'train-1.jsonl.gz': gzipSync(`${lines('c')}bad\n${lines('d')}`),
    });
    const { rows, bad } = await readAll(dir);
    expect(rows.map(({ row, line, prompt }) => [row, line, prompt])).toEqual([
      [0, 1, 'a'],
      [1, 2, 'b'],
      [2, 1, 'c'],
      [4, 3, 'd'],
    ]);
    expect(bad).toMatchObject([
      { row: 3, line: 2, reason: expect.stringMatching(/JSON.* \(in "train-1\.jsonl\.gz"\)$/) as unknown },
    ]);
  });

  it('names the file that cannot be read', async () => {
    const dir = await folder({ 'train-0.arrow': stream('a'), 'train-1.arrow': stream('b').subarray(0, 200) });
    await expect(readAll(dir)).rejects.toMatchObject({
      message: expect.stringMatching(/train-1\.arrow cannot be read as Arrow/) as unknown,
    });
  });
});

describe('the bytes of a folder', () => {
  it('are those of its files and their names: any change is seen', async () => {
    const files = { 'train-0.jsonl': lines('a'), 'train-1.jsonl': lines('b', 'c') };
    const dir = await folder(files);
    const earlier = await scanDataset(dir);
    expect(earlier).toMatchObject({ rows: 3, stamp: null });
    expect(await compareDataset(dir, earlier)).toMatchObject({ kind: 'same' });
    expect(await scanDataset(await folder(files))).toMatchObject({ digest: earlier.digest });
    const others = [
      { ...files, 'train-1.jsonl': lines('b', 'd') },
      { ...files, 'train-1.jsonl': lines('b', 'c', 'd') },
      { ...files, 'train-2.jsonl': lines('d') },
      { 'train-0.jsonl': lines('a', 'b'), 'train-1.jsonl': lines('c') },
      { 'train-0.jsonl': lines('a'), 'train-3.jsonl': lines('b', 'c') },
      { 'train-0.jsonl': lines('a') },
    ];
    for (const other of others)
      expect(await compareDataset(await folder(other), earlier)).toMatchObject({ kind: 'changed' });
    expect(await compareDataset(join(scratch.dir, 'gone'), earlier)).toEqual({ kind: 'missing' });
  });

  it('are what a reading may expect: others are DATASET_CHANGED', async () => {
    const dir = await folder({ 'train-0.jsonl': lines('a'), 'train-1.jsonl': lines('b') });
    const expected = await scanDataset(dir);
    const dataset = await openDataset(dir);
    const read = async (): Promise<number> => {
      let rows = 0;
      for await (const _ of dataset.rows(0, { expected })) rows++;
      return rows;
    };
    expect(await read()).toBe(2);
    await writeFile(join(dir, 'train-1.jsonl'), lines('c'));
    await expect(read()).rejects.toMatchObject({ code: 'DATASET_CHANGED' });
    await writeFile(join(dir, 'train-1.jsonl'), lines('b', 'c'));
    await expect(read()).rejects.toMatchObject({ code: 'DATASET_CHANGED' });
  });

  it('need not be read where nobody touched a file', async () => {
    const dir = await folder({ 'train-0.jsonl': lines('a'), 'train-1.jsonl': lines('b') });
    await setTimeout(3500);
    const earlier = { ...(await scanDataset(dir)), digest: 'not read' };
    expect(earlier.stamp).not.toBeNull();
    expect(await compareDataset(dir, earlier)).toMatchObject({ kind: 'same' });
    await writeFile(join(dir, 'train-2.jsonl'), lines('c'));
    expect(await compareDataset(dir, earlier)).toMatchObject({ kind: 'changed' });
  }, 20_000);
});

describe('links in a folder', () => {
  it('are followed within it, and in the cache of Hugging Face to the blobs of the same repository', async () => {
    const dir = await folder({ 'files/here.txt': lines('a') });
    await symlink('files/here.txt', join(dir, 'train.jsonl'));
    expect(await prompts(dir)).toEqual(['a']);

    const hub = await folder({
      'datasets--o--n/blobs/abc123': lines('b'),
      'datasets--o--n/blobs/def456': lines('c'),
    });
    const snapshot = join(hub, 'datasets--o--n/snapshots/rev');
    await mkdir(join(snapshot, 'data'), { recursive: true });
    await symlink('../../../blobs/abc123', join(snapshot, 'data/train-0.jsonl'));
    await symlink('../../../blobs/def456', join(snapshot, 'data/train-1.jsonl'));
    expect(await prompts(snapshot)).toEqual(['b', 'c']);
    expect(await prompts(join(snapshot, 'data'))).toEqual(['b', 'c']);
    expect((await shardsOf(snapshot)).map(({ name }) => name)).toEqual([
      'data/train-0.jsonl',
      'data/train-1.jsonl',
    ]);
  });

  it('are refused where a description would be read through them', async () => {
    const root = await folder({ 'state.json': state('d.arrow'), 'saved/d.arrow': stream('x') });
    const dir = join(root, 'saved');
    await symlink('../state.json', join(dir, 'state.json'));
    await expect(openDataset(dir)).rejects.toMatchObject({ code: 'PATH_NOT_ALLOWED' });
  });

  it.each([
    ['a file elsewhere', 'plain', '../secret.jsonl'],
    ['another repository', 'datasets--o--n/snapshots/rev', '../../../datasets--x--y/blobs/abc'],
    ['what is beside the blobs', 'datasets--o--n/snapshots/rev', '../../secret.jsonl'],
    ['a folder of the blobs', 'datasets--o--n/snapshots/rev', '../../blobs/sub/abc'],
    ['blobs of what is no cache', 'other/snapshots/rev', '../../blobs/abc'],
  ])('that lead to %s are refused', async (_what, place, target) => {
    const root = await folder({
      'secret.jsonl': lines('x'),
      'datasets--o--n/secret.jsonl': lines('x'),
      'datasets--o--n/blobs/sub/abc': lines('x'),
      'datasets--x--y/blobs/abc': lines('x'),
      'other/blobs/abc': lines('x'),
    });
    const dir = join(root, place);
    await mkdir(dir, { recursive: true });
    await symlink(target, join(dir, 'train.jsonl'));
    expect((await readFile(join(dir, 'train.jsonl'), 'utf8')).length).toBeGreaterThan(0);
    await expect(openDataset(dir)).rejects.toMatchObject({ code: 'PATH_NOT_ALLOWED' });
  });
});
