/**
 * Steps whose results are kept: each in a folder of its own, WORK/name/KEY, named by the digest of all that it depends on. A step
 * is made in KEY.part and renamed when it is whole, so a process that is killed loses the step that it was at, or less: one
 * that can go on from what is in KEY.part is given it as it was left.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessAbsent } from '../../lib/absent.ts';
import { reasonOf, ReptraceError } from '../../lib/errors.ts';
import { digestOf } from './digest.ts';

export interface Step<T> {
  /** Folders below the work folder, such as `swap/seed-1/answers`. */
  readonly name: string;
  /** Raised when what the step makes of the same input changes. */
  readonly version: number;
  /** All that the result depends on: plain data. */
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

interface Record {
  readonly key: string;
  readonly seconds: number;
}

const RECORD = 'step.json';
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

  /** The result of the step, made if it is not there. Throws what `make` and `read` throw, and DISK_FULL. */
  async step<T>(step: Step<T>): Promise<Done<T>> {
    const { name, version, inputs } = step;
    const key = digestOf({ step: name.split('/').at(-1), version, inputs });
    const folder = join(this.#path, name, key.slice(0, NAMED));
    const kept = await readRecord(folder, key);
    const record = kept ?? (await this.#make(step, folder, key));
    const done: Done<T> = {
      ...{ value: await step.read(folder), key, folder },
      ...{ seconds: record.seconds, cached: kept !== undefined },
    };
    this.#seconds.set(folder, record.seconds);
    this.#onDone(step.title, done);
    return done;
  }

  async #make(step: Step<unknown>, folder: string, key: string): Promise<Record> {
    const part = `${folder}.part`;
    const started = performance.now();
    try {
      // Without its record a folder is none that was finished here.
      await rm(folder, { recursive: true, force: true });
      if (step.resumes !== true) await rm(part, { recursive: true, force: true });
      await mkdir(part, { recursive: true });
      await step.make(part);
      const record: Record = { key, seconds: (performance.now() - started) / 1000 };
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
    read: async (folder) => {
      try {
        return JSON.parse(await readFile(join(folder, VALUE), 'utf8')) as T;
      } catch (error) {
        throw damaged(folder, error);
      }
    },
  };
}

const VALUE = 'value.json';

/** Undefined where the step is not finished. Throws CHECKPOINT_INVALID for a record that is damaged, or of another step. */
async function readRecord(folder: string, key: string): Promise<Record | undefined> {
  const text = await unlessAbsent<string | undefined>(readFile(join(folder, RECORD), 'utf8'), undefined);
  if (text === undefined) return undefined;
  try {
    const record = JSON.parse(text) as Partial<Record>;
    if (record.key !== key) throw new Error('its record is of another step');
    if (typeof record.seconds !== 'number') throw new Error('its record has no time');
    return { key, seconds: record.seconds };
  } catch (error) {
    throw damaged(folder, error);
  }
}

function damaged(folder: string, cause: unknown): ReptraceError {
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
