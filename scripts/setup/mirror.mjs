// Keeps a copy of one folder's files of one kind.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Makes `target` hold the same files ending in `extension` as `source`, sub-folders included. Unchanged files are
 * not written again; those that `source` no longer has are removed.
 */
export function mirror(source, target, extension) {
  const wanted = list(source, extension);
  for (const path of wanted) copyIfDifferent(join(source, path), join(target, path));
  const extra = list(target, extension).filter((path) => !wanted.includes(path));
  for (const path of extra) rmSync(join(target, path));
}

/** Paths relative to the folder; none where it does not exist. */
function list(folder, extension) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true }).filter((path) => path.endsWith(extension));
}

function copyIfDifferent(from, to) {
  const bytes = readFileSync(from);
  if (existsSync(to) && readFileSync(to).equals(bytes)) return;
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to, bytes);
}
