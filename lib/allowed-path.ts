/**
 * Paths that clients name: only what lies under one of the allowed folders, with every symbolic link followed. Nothing is
 * told of what lies outside, not even whether it is there.
 */
import { lstat, readlink } from 'node:fs/promises';
import { dirname, isAbsolute, join, parse, relative, resolve, sep } from 'node:path';
import { ReptraceError } from './errors.ts';

/** As the system's own bound. */
const MAX_LINKS = 40;
const SHOWN_CHARACTERS = 300;

/**
 * The real path, to be opened instead of the given one: a link that is set in between is then not followed where it stood.
 * Something that is not there gives the path at which it would be, so that the caller can say what is missing.
 * @param path absolute, or relative to the working directory of this process
 * @param roots allowed folders; with none, nothing is allowed
 * Throws PATH_NOT_ALLOWED.
 */
export async function resolveAllowed(path: string, roots: readonly string[]): Promise<string> {
  const real = path.includes('\0') ? null : await realPath(path);
  if (real !== null) {
    for (const root of roots) {
      const realRoot = await realPath(root);
      if (realRoot === null || !isUnder(real, realRoot)) continue;
      // Callers may look beside what is not there; beside such a folder nothing is allowed.
      if (real !== realRoot || (await isThere(real))) return real;
    }
  }
  const named = path.length > SHOWN_CHARACTERS ? `${path.slice(0, SHOWN_CHARACTERS)}…` : path;
  throw new ReptraceError(
    'PATH_NOT_ALLOWED',
    `the path ${JSON.stringify(named)} is not in an allowed folder (${roots.length > 0 ? roots.join(', ') : 'none is set'})`,
    'Move the file into an allowed folder, or set REPTRACE_ROOTS to a list of folders that may be read.',
  );
}

/**
 * Follows links one component at a time. Unlike fs.realpath it goes on where something is not there, so that a link that
 * leads to nothing outside the roots is known to lead outside. Null for a ring of links.
 */
async function realPath(path: string): Promise<string | null> {
  const absolute = resolve(path);
  let { root: done } = parse(absolute);
  const ahead = partsOf(absolute).reverse();
  for (let links = 0; ;) {
    const part = ahead.pop();
    if (part === undefined) return done;
    if (part === '..') {
      done = dirname(done);
      continue;
    }
    const next = join(done, part);
    const target = await linkTarget(next);
    if (target === null) {
      done = next;
      continue;
    }
    if (++links > MAX_LINKS) return null;
    if (isAbsolute(target)) done = parse(target).root;
    ahead.push(...partsOf(target).reverse());
  }
}

/** Null for what is no link, is not there or cannot be looked at: it then cannot be opened through this path either. */
async function linkTarget(path: string): Promise<string | null> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : null;
  } catch {
    return null;
  }
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function partsOf(path: string): string[] {
  return path
    .slice(parse(path).root.length)
    .split(sep)
    .filter((part) => part !== '' && part !== '.');
}

function isUnder(path: string, root: string): boolean {
  const way = relative(root, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
