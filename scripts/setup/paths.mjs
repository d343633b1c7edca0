// Where things are in the checkout, as absolute paths.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Absolute path of something in the checkout. */
export const inRoot = (...parts) => join(ROOT, ...parts);

/** The scripts of the development tools, to be run with this same Node: no shell, no PATH, no .cmd shims. */
export const TOOLS = {
  tsc: inRoot('node_modules', 'typescript', 'bin', 'tsc'),
  eslint: inRoot('node_modules', 'eslint', 'bin', 'eslint.js'),
  prettier: inRoot('node_modules', 'prettier', 'bin', 'prettier.cjs'),
  vitest: inRoot('node_modules', 'vitest', 'vitest.mjs'),
};
