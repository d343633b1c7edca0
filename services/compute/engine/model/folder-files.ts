/**
 * Opening files of a model's or an adapter's folder: plain names only, regular files only, none outside the folder, none larger than
 * its purpose allows.
 *
 * One kind of link out of the folder is followed: in the Hugging Face cache, files of a snapshot are links to their
 * contents (lib/hub/cache-layout.ts), and refusing those would refuse most downloaded models.
 */
import { constants } from 'node:fs';
import { open, realpath, stat, type FileHandle } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { isAbsent } from '../../../../lib/absent.ts';
import { ReptraceError, reasonOf } from '../../../../lib/errors.ts';
import { isCacheBlob } from '../../../../lib/hub/cache-layout.ts';

/** What a folder is opened as: decides the words, and the code, of its errors. */
export type FolderKind = 'model' | 'adapter';

const KINDS = {
  model: { code: 'MODEL_NOT_FOUND', holds: 'config.json and the weights' },
  adapter: { code: 'LORA_NOT_FOUND', holds: 'adapter_config.json and adapter_model.safetensors' },
} as const;

export interface Folder {
  readonly kind: FolderKind;
  /** Real path, links resolved. */
  readonly path: string;
}

export async function openFolder(dir: string, kind: FolderKind = 'model'): Promise<Folder> {
  let path: string;
  try {
    path = await realpath(dir);
    if (!(await stat(path)).isDirectory()) throw new Error('it is not a folder');
  } catch (error) {
    const why = isAbsent(error) ? 'it is not there' : reasonOf(error);
    throw new ReptraceError(
      KINDS[kind].code,
      `The ${kind} folder ${JSON.stringify(dir)} cannot be opened: ${why}.`,
      `Give the path of a folder that holds ${KINDS[kind].holds}.`,
      { cause: error },
    );
  }
  return { kind, path };
}

/** Letters of any script, digits, dots, dashes: but no separator, no drive, no parent, nothing hidden. */
export function isPlainFileName(name: string): boolean {
  return name.length <= 255 && /^[^./\\:\0][^/\\:\0]*$/.test(name);
}

/** Opens a file for reading; undefined when there is none of that name. The caller closes it. */
export async function openFile(
  folder: Folder,
  name: string,
): Promise<{ file: FileHandle; size: number } | undefined> {
  if (!isPlainFileName(name)) throw unreadable(folder, name, 'its name is not a plain file name');
  let real: string;
  try {
    real = await realpath(join(folder.path, name));
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw unreadable(folder, name, reasonOf(error), error);
  }
  if (!real.startsWith(folder.path + sep) && !(await isCacheBlob(folder.path, real))) {
    throw linkOut(folder, name);
  }
  let file: FileHandle;
  try {
    // Without O_NONBLOCK, opening a pipe would wait for ever for someone to write to it.
    file = await open(real, constants.O_RDONLY | (constants.O_NONBLOCK | 0));
  } catch (error) {
    throw unreadable(folder, name, reasonOf(error), error);
  }
  try {
    const found = await file.stat();
    if (!found.isFile()) throw unreadable(folder, name, 'it is not a regular file');
    return { file, size: found.size };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** A whole small file; undefined when there is none of that name. */
export async function readSmallFile(
  folder: Folder,
  name: string,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const opened = await openFile(folder, name);
  if (opened === undefined) return undefined;
  const { file, size } = opened;
  try {
    if (size > maxBytes) {
      throw unreadable(folder, name, `it has ${size} bytes, more than the ${maxBytes} that are read`);
    }
    const bytes = new Uint8Array(size);
    if ((await readInto(file, bytes, 0)) !== size) throw unreadable(folder, name, 'it became shorter');
    return bytes;
  } finally {
    await file.close();
  }
}

/** Fills `target` from `position` on; returns how many bytes there were. */
export async function readInto(file: FileHandle, target: Uint8Array, position: number): Promise<number> {
  // One read call takes less than 2 GiB, and may give fewer bytes than asked for.
  const most = 1 << 26;
  let filled = 0;
  while (filled < target.byteLength) {
    const length = Math.min(most, target.byteLength - filled);
    const { bytesRead } = await file.read(target, filled, length, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

/** A GGUF file is a whole model, which may be named where it lies; a file of a folder belongs into it. */
function linkOut(folder: Folder, name: string): ReptraceError {
  const error = unreadable(folder, name, 'it is a link that leads out of the folder');
  if (!name.endsWith('.gguf')) return error;
  return new ReptraceError(
    error.code,
    error.message,
    'Name the file that it points at, or put that file itself in the place of the link.',
  );
}

function unreadable(folder: Folder, name: string, why: string, cause?: unknown): ReptraceError {
  return new ReptraceError(
    KINDS[folder.kind].code,
    `The file ${JSON.stringify(name.slice(0, 255))} of the ${folder.kind} folder ${JSON.stringify(folder.path)} cannot be read: ${why}.`,
    `Put the file itself, as it was published, into the ${folder.kind} folder, readable to this user.`,
    { cause },
  );
}
