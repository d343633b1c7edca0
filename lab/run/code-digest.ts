/**
 * SHA-256 of what methods and metrics are made of: their own modules, and the score's of lib/taught. A cached figure is of these
 * very formulas; whoever changes one need not remember to raise a version.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDERS = ['../methods/', '../metrics/', '../../lib/taught/'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);
/** Modules run as they were written, or compiled. */
const EXTENSION = extname(fileURLToPath(import.meta.url));
const NO_CODE = /\.(?:test|d)\.[jt]s$/;

export async function codeDigest(): Promise<string> {
  const hash = createHash('sha256');
  for (const folder of FOLDERS) {
    const names = (await readdir(folder, { recursive: true })).filter(
      (name) => extname(name) === EXTENSION && !NO_CODE.test(name),
    );
    for (const name of names.sort()) hash.update(name).update(await readFile(join(folder, name)));
  }
  return hash.digest('hex');
}
