import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { method, results, seed, set } from './testing.ts';
import { writeReport } from './write-report.ts';

const RESULTS = results(set('swap', [seed([method('taught', 'taught tokens', 0.9)])]));

describe('writeReport', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'reptrace-report-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  test('writes three files into a folder that it makes, and nothing else', async () => {
    const out = join(folder, 'a', 'b');
    const paths = await writeReport(out, RESULTS);
    expect((await readdir(out)).sort()).toEqual(['results.html', 'results.json', 'results.md']);
    expect(JSON.parse(await readFile(paths.json, 'utf8'))).toEqual(RESULTS);
    expect(await readFile(paths.markdown, 'utf8')).toContain('| taught tokens | **0.900');
    expect(await readFile(paths.html, 'utf8')).toMatch(/^<!doctype html>/);
  });

  test('writes nothing of results with a number that is none', async () => {
    const bad = results(set('swap', [seed([method('taught', 'taught tokens', NaN)])]));
    await expect(writeReport(folder, bad)).rejects.toMatchObject({ code: 'NOT_FINITE' });
    expect(await readdir(folder)).toEqual([]);
  });

  test('leaves no half of a file where one cannot be replaced', async () => {
    await writeReport(folder, RESULTS);
    await rm(join(folder, 'results.md'));
    await mkdir(join(folder, 'results.md', 'in the way'), { recursive: true });
    await expect(writeReport(folder, RESULTS)).rejects.toThrow();
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
