/**
 * Steps whose results are kept: each in a folder of its own, WORK/name/KEY, named by the digest of all that it depends on. A step
 * is made in KEY.part and renamed when it is whole, so a process that is killed loses the step that it was at, or less: one
 * that can go on from what is in KEY.part is given it as it was left. What was damaged since is refused by its folder's name.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessAbsent } from '../../lib/absent.ts';
import { reasonOf, ReptraceError } from '../../lib/errors.ts';
import { digestOf } from './digest.ts';

export interface Step<T> {
  /** Folders below the work folder, such as `swap/seed-1/answers`. */
  readonly name: string;
  /** Digest of the code that it is made by (code-digest.ts). */
  readonly code: string;
  /** All else that the result depends on: plain data. */
  readonly inputs: unknown;
  /** Goes on from what a killed process left in the folder; others begin with an empty one. */
  readonly resumes?: boolean;
  /** For progress: `training`. */
  readonly title: string;
  make(folder: string): Promise<void>;
  read(folder: string): Promise<T>;
}

export interface Done<T> {
  readonly value: T;
  /** Digest of the step and its inputs: what depends on the step names it as an input of its own. */
  readonly key: string;
  /** Where its files lie. */
  readonly folder: string;
  /** What it took when it was made; of one that was gone on with, the last part. */
  readonly seconds: number;
  readonly cached: boolean;
}

interface StepRecord {
  readonly key: string;
  readonly seconds: number;
  /** SHA-256 of the small files right in the folder, by name: large ones are checked by who reads them. */
  readonly files: Readonly<Partial<Record<string, string>>>;
}

const RECORD = 'step.json';
const MAX_CHECKED_BYTES = 1 << 24;
/** Digits of the key that name a folder: more would make paths long, and the record has all. */
const NAMED = 16;

export class WorkFolder {
  readonly #path: string;
  readonly #onDone: (step: string, done: Done<unknown>) => void;
  /** By folder: a step that several others ask for took its time once. */
  readonly #seconds = new Map<string, number>();

  constructor(path: string, onDone: (title: string, done: Done<unknown>) => void = () => undefined) {
    this.#path = path;
    this.#onDone = onDone;
  }

  /** What all steps that were asked for took when they were made, each counted once. */
  get seconds(): number {
    return [...this.#seconds.values()].reduce((sum, seconds) => sum + seconds, 0);
  }

  /** The result of the step, made if it is not there. Throws what `make` throws, CHECKPOINT_INVALID for what cannot be read, and DISK_FULL. */
  async step<T>(step: Step<T>): Promise<Done<T>> {
    const { name, code, inputs } = step;
    const key = digestOf({ step: name.split('/').at(-1), code, inputs });
    const folder = join(this.#path, name, key.slice(0, NAMED));
    const kept = await readRecord(folder, key);
    const record = kept ?? (await this.#make(step, folder, key));
    const done: Done<T> = {
      ...{ value: await asKept(folder, () => step.read(folder)), key, folder },
      ...{ seconds: record.seconds, cached: kept !== undefined },
    };
    this.#seconds.set(folder, record.seconds);
    this.#onDone(step.title, done);
    return done;
  }

  async #make(step: Step<unknown>, folder: string, key: string): Promise<StepRecord> {
    const part = `${folder}.part`;
    const started = performance.now();
    try {
      // Without its record a folder is none that was finished here.
      await rm(folder, { recursive: true, force: true });
      if (step.resumes !== true) await rm(part, { recursive: true, force: true });
      await mkdir(part, { recursive: true });
      await step.make(part);
      const seconds = (performance.now() - started) / 1000;
      const record: StepRecord = { key, seconds, files: await digestsOf(part) };
      await writeFile(join(part, RECORD), JSON.stringify(record));
      await rename(part, folder);
      return record;
    } catch (error) {
      throw isFull(error) ? diskFull(this.#path, error) : error;
    }
  }
}

/** A step whose result is one JSON value. */
export function jsonStep<T>(
  step: Omit<Step<T>, 'make' | 'read'> & { readonly value: () => Promise<T> },
): Step<T> {
  const { value, ...rest } = step;
  return {
    ...rest,
    make: async (folder) => {
      await writeFile(join(folder, VALUE), JSON.stringify(await value()));
    },
    read: async (folder) => JSON.parse(await readFile(join(folder, VALUE), 'utf8')) as T,
  };
}

const VALUE = 'value.json';

/** Undefined where the step is not finished. Throws CHECKPOINT_INVALID for a record that is damaged, or of another step. */
async function readRecord(folder: string, key: string): Promise<StepRecord | undefined> {
  const text = await unlessAbsent<string | undefined>(readFile(join(folder, RECORD), 'utf8'), undefined);
  if (text === undefined) return undefined;
  return asKept(folder, async () => {
    const { key: written, seconds, files } = JSON.parse(text) as Partial<StepRecord>;
    if (written !== key) throw new Error('its record is of another step');
    if (typeof seconds !== 'number' || typeof files !== 'object')
      throw new Error('its record has no time or no files');
    const found = await digestsOf(folder);
    for (const name of Object.keys(files)) {
      if (found[name] === undefined) throw new Error(`${name} is missing`);
      if (found[name] !== files[name]) throw new Error(`${name} is not what was written`);
    }
    return { key, seconds, files };
  });
}

/** What `read` returns. Throws CHECKPOINT_INVALID, which names the folder, whatever `read` throws. */
async function asKept<T>(folder: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw damaged(folder, error);
  }
}

async function digestsOf(folder: string): Promise<Partial<Record<string, string>>> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  const digests: [string, string][] = [];
  for (const name of names.sort()) {
    const path = join(folder, name);
    if (name === RECORD || (await stat(path)).size > MAX_CHECKED_BYTES) continue;
    digests.push([
      name,
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    ]);
  }
  return Object.fromEntries(digests);
}

/** @param folder a step's own, which is to be removed */
export function damaged(folder: string, cause: unknown): ReptraceError {
  return new ReptraceError(
    'CHECKPOINT_INVALID',
    `what was kept in ${folder} cannot be used: ${reasonOf(cause)}`,
    'Remove this folder: what was in it is then made again.',
    { cause },
  );
}

function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

function diskFull(folder: string, cause: unknown): ReptraceError {
  return new ReptraceError(
    'DISK_FULL',
    `there is no room left for ${folder}`,
    'Make room on its disk, or name another folder with --work.',
    { cause },
  );
}
