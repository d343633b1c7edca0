/**
 * From what a request says of a model to where it lies here: the path (or the name in the Hugging Face cache) that it gives,
 * if that is allowed and the model there has the digest that is asked for, else whatever in the worker's model folders has it.
 */
import { ReptraceError, type ErrorCode } from '../../../lib/errors.ts';
import type { Log } from '../../../lib/log.ts';
import type { ModelRef } from '../../../lib/mesh/compute-messages.ts';
import type { Settings } from '../../../lib/mesh/settings.ts';
import type { ModelDigests } from './model-digests.ts';
import { modelByPathOrName, findModels } from './model-folders.ts';
import { placeKey, type ModelPlace } from './model-place.ts';

export interface FoundModel extends ModelPlace {
  /** Fingerprint of its files (`placeKey`). */
  readonly key: string;
  /** Undefined where nobody asked for one and none is known yet. */
  readonly digest: string | undefined;
}

/** Failures of what the search itself needs: they say nothing about the model. */
const NOT_THE_MODEL: ReadonlySet<ErrorCode> = new Set([
  'STORE_UNREACHABLE',
  'DISK_FULL',
  'REQUEST_TOO_LARGE',
]);

export class ModelFinder {
  readonly #settings: Pick<Settings, 'roots' | 'models'>;
  readonly #digests: ModelDigests;
  readonly #log: Log;

  constructor(settings: Pick<Settings, 'roots' | 'models'>, digests: ModelDigests, log: Log) {
    this.#settings = settings;
    this.#digests = digests;
    this.#log = log;
  }

  /** Throws PATH_NOT_ALLOWED, MODEL_NOT_FOUND, MODEL_CHANGED, INPUT_INVALID, and what is wrong with the named model's files. */
  async find({ digest, path, adapter }: ModelRef): Promise<FoundModel> {
    if (digest === undefined) return this.#named(path, adapter);
    if (!/^[0-9a-f]{64}$/.test(digest)) throw invalid('a digest has 64 hexadecimal digits');
    let refusal: ReptraceError | undefined;
    let named: ModelPlace | undefined;
    if (path !== undefined) {
      try {
        named = await this.#place(path, adapter);
        const actual = await this.#digests.digestOf(named);
        if (actual.digest === digest) return { ...named, ...actual };
        refusal = changed(named, actual.digest, digest);
      } catch (error) {
        refusal = ofTheModel(error);
      }
    }
    const found = await this.#search(digest, adapter, named);
    if (found !== undefined) return found;
    throw refusal ?? notFound(digest, this.#settings.models);
  }

  async #named(path: string | undefined, adapter: string | undefined): Promise<FoundModel> {
    if (path === undefined) throw invalid('a model is named by its path or its digest');
    const place = await this.#place(path, adapter);
    const key = await placeKey(place);
    return { ...place, key, digest: await this.#digests.known(key) };
  }

  async #place(path: string, adapter: string | undefined): Promise<ModelPlace> {
    const roots = this.#roots();
    return {
      path: await modelByPathOrName(path, roots),
      lora: adapter === undefined ? null : await modelByPathOrName(adapter, roots),
    };
  }

  #roots(): readonly string[] {
    return [...this.#settings.roots, ...this.#settings.models];
  }

  /** First among those whose digests are known, then by reading the others. */
  async #search(
    digest: string,
    adapter: string | undefined,
    named: ModelPlace | undefined,
  ): Promise<FoundModel | undefined> {
    const unread: ModelPlace[] = [];
    for (const place of await this.#candidates(adapter, named)) {
      const key = await this.#attempt(place, () => placeKey(place));
      if (key === undefined) continue;
      const known = await this.#digests.known(key);
      if (known === digest) return { ...place, key, digest };
      if (known === undefined) unread.push(place);
    }
    for (const place of unread) {
      const actual = await this.#attempt(place, () => this.#digests.digestOf(place));
      if (actual?.digest === digest) return { ...place, ...actual };
    }
    return undefined;
  }

  async #candidates(adapter: string | undefined, named: ModelPlace | undefined): Promise<ModelPlace[]> {
    const { models, adapters } = await findModels(this.#settings.models);
    if (adapter === undefined) return models.map((path) => ({ path, lora: null }));
    const bases = named === undefined ? models : [named.path, ...models];
    const hinted = await modelByPathOrName(adapter, this.#roots()).catch(() => undefined);
    const loras = hinted === undefined ? adapters : [hinted, ...adapters];
    return bases.flatMap((path) => loras.map((lora) => ({ path, lora })));
  }

  /** Undefined for a candidate that cannot be read: it is not the one. */
  async #attempt<T>(place: ModelPlace, read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      const { code, message } = ofTheModel(error);
      this.#log.debug({ ...place, code }, `passed over in the search for a model: ${message}`);
      return undefined;
    }
  }
}

/** Throws on what is no failure of the model. */
function ofTheModel(error: unknown): ReptraceError {
  if (error instanceof ReptraceError && !NOT_THE_MODEL.has(error.code)) return error;
  throw error;
}

function changed({ path, lora }: ModelPlace, actual: string, asked: string): ReptraceError {
  const what = lora === null ? JSON.stringify(path) : `${JSON.stringify(path)} with ${JSON.stringify(lora)}`;
  return new ReptraceError(
    'MODEL_CHANGED',
    `the model ${what} is another one now: its digest is ${short(actual)}, and ${short(asked)} is asked for`,
    'Build the index again with this model, or bring the other one back: to its place, or into a folder of REPTRACE_MODELS.',
  );
}

function notFound(digest: string, folders: readonly string[]): ReptraceError {
  const where = folders.length === 0 ? 'no model folders are set' : `searched in ${folders.join(', ')}`;
  return new ReptraceError(
    'MODEL_NOT_FOUND',
    `no model with the digest ${short(digest)} is at hand (${where})`,
    'Put the model into a folder of REPTRACE_MODELS, or set that to the folders that hold your models.',
  );
}

function short(digest: string): string {
  return `${digest.slice(0, 12)}…`;
}

function invalid(why: string): ReptraceError {
  return new ReptraceError(
    'INPUT_INVALID',
    why,
    'Name the model’s folder or GGUF file, its name in the Hugging Face cache, or its whole digest.',
  );
}
