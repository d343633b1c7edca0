/**
 * The real path of a file in a dataset's folder. Links may not lead out of the folder, but for those of Hugging Face's cache
 * (lib/hub/cache-layout.ts).
 */
import { realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { ReptraceError } from '../../../lib/errors.ts';
import { isCacheBlob } from '../../../lib/hub/cache-layout.ts';
import { fileError } from './file-chunks.ts';

/**
 * @param name within the folder, with forward slashes
 * Throws DATASET_NOT_FOUND, PATH_NOT_ALLOWED.
 */
export async function shardPath(folder: string, name: string): Promise<string> {
  const real = await realpath(join(folder, name)).catch((error: unknown) => {
    throw fileError(join(folder, name), error);
  });
  const root = await realpath(folder);
  const way = relative(root, real);
  if (way !== '..' && !way.startsWith(`..${sep}`)) return real;
  if (await isCacheBlob(root, real)) return real;
  throw new ReptraceError(
    'PATH_NOT_ALLOWED',
    `${name} in ${folder} is a link that leads out of the folder`,
    'Put the file itself into the folder.',
  );
}
