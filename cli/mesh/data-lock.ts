/**
 * One mesh a data folder: `mesh.json` in it says which process has it and where it answers. A file of a process that is
 * gone is taken over.
 */
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { unlessAbsent } from '../../lib/absent.ts';
import { reasonOf, ReptraceError } from '../../lib/errors.ts';

export interface MeshAddress {
  readonly pid: number;
  /** When that process began, as the system counts; null where it does not tell. Process ids come again, also after a restart. */
  readonly started: string | null;
  /** Undefined until the mesh answers. */
  readonly graphql?: string;
  /** What the embedded mesh of one command asks for; a mesh with a token of the user's does not write it here. */
  readonly token?: string;
}

const NAME = 'mesh.json';

export interface DataLock {
  /** Tells others where the mesh answers. */
  announce(address: Pick<MeshAddress, 'graphql' | 'token'>): Promise<void>;
  close(): Promise<void>;
}

/** The mesh that has this folder, if one is running. Throws INPUT_INVALID when the folder cannot be read. */
export async function runningMesh(data: string): Promise<MeshAddress | undefined> {
  const address = await readAddress(join(data, NAME));
  return address !== undefined && (await isAlive(address)) ? address : undefined;
}

/** Throws CONFLICT when another process has the folder, INPUT_INVALID when it cannot be written to, DISK_FULL. */
export async function lockData(data: string): Promise<DataLock> {
  await mkdir(data, { recursive: true }).catch((error: unknown) => {
    throw unusable(data, error);
  });
  const path = join(data, NAME);
  for (;;) {
    if (await create(path)) break;
    const holder = await readAddress(path);
    if (holder !== undefined && (await isAlive(holder))) {
      throw new ReptraceError(
        'CONFLICT',
        `the data folder ${data} is in use by process ${holder.pid}`,
        holder.graphql === undefined
          ? 'Wait for it to end, or name another folder with --data-dir.'
          : `Use it with --server ${holder.graphql}, stop it, or name another folder with --data-dir.`,
      );
    }
    await rm(path, { force: true });
  }
  return {
    announce: async (address) => {
      const whole: MeshAddress = { ...(await ourselves()), ...address };
      await writeFile(`${path}.new`, JSON.stringify(whole), { mode: 0o600 });
      await rename(`${path}.new`, path);
    },
    close: () => rm(path, { force: true }),
  };
}

/** False when the file is there already. */
async function create(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600);
    await file.writeFile(JSON.stringify(await ourselves()));
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw unusable(dirname(path), error);
  }
}

function unusable(data: string, error: unknown): ReptraceError {
  const code = (error as NodeJS.ErrnoException).code;
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  return new ReptraceError(
    isFull ? 'DISK_FULL' : 'INPUT_INVALID',
    `the data folder ${data} cannot be used: ${reasonOf(error)}`,
    isFull
      ? 'Make room on its disk, or name another folder with --data-dir or REPTRACE_DATA.'
      : 'Name a folder that can be written to with --data-dir or REPTRACE_DATA.',
    { cause: error },
  );
}

async function readAddress(path: string): Promise<MeshAddress | undefined> {
  const text = await unlessAbsent<string | undefined>(readFile(path, 'utf8'), undefined).catch(
    (error: unknown) => {
      throw unusable(dirname(path), error);
    },
  );
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as MeshAddress;
    return Number.isSafeInteger(value.pid) ? value : undefined;
  } catch {
    // Half-written by a process that died: nobody's.
    return undefined;
  }
}

async function ourselves(): Promise<MeshAddress> {
  return { pid: process.pid, started: await startOf(process.pid) };
}

async function isAlive({ pid, started }: MeshAddress): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: not ours to signal, but there.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return (await startOf(pid)) === started;
}

/** Field 22 of /proc/PID/stat; the name before it is in parentheses and may hold anything. */
async function startOf(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}
