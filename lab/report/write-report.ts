/** Writes what an evaluation found: results.json for machines, results.md and results.html for people. */
import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Results } from '../results.ts';
import { checkFinite } from './finite.ts';
import { html } from './html.ts';
import { markdown } from './markdown.ts';
import { reportOf } from './report.ts';

export interface ReportPaths {
  readonly json: string;
  readonly markdown: string;
  readonly html: string;
}

/**
 * @param folder made where it is not there
 * Throws NOT_FINITE, before anything is written, when a number of the results is NaN or infinite; each file is written whole or
 * not at all.
 */
export async function writeReport(folder: string, results: Results): Promise<ReportPaths> {
  checkFinite(results);
  const paths: ReportPaths = {
    json: join(folder, 'results.json'),
    markdown: join(folder, 'results.md'),
    html: join(folder, 'results.html'),
  };
  const report = reportOf(results);
  const texts = [
    [paths.json, `${JSON.stringify(results, undefined, 1)}\n`],
    [paths.markdown, markdown(report)],
    [paths.html, html(report)],
  ] as const;
  await mkdir(folder, { recursive: true });
  for (const [path, text] of texts) await writeWhole(path, text);
  return paths;
}

async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    await writeFile(temporary, text);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
