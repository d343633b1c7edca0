/** Digests of models on this machine, computed once: what is remembered goes by the fingerprint of the files. */
import { ReptraceError } from '../../../lib/errors.ts';
import type { Records } from '../../../lib/records/records.ts';
import { adaptedDigest, adapterDigest } from '../engine/model/lora/adapter-digest.ts';
import { openAdapter } from '../engine/model/lora/adapter-folder.ts';
import { adapterKey, openPlace, placeKey, type ModelPlace } from './model-place.ts';

const COLLECTION = 'model-digests';

export interface KeyedDigest {
  /** Fingerprint of the files (`placeKey`). */
  readonly key: string;
  readonly digest: string;
}

/** Paths are for whoever looks into the records; the key has all that counts. */
interface Remembered extends ModelPlace {
  readonly digest: string;
}

export class ModelDigests {
  readonly #records: Records;
  readonly #known = new Map<string, string>();
  /** Being computed: two tasks of one model read it once. */
  readonly #atWork = new Map<string, Promise<string>>();

  constructor(records: Records) {
    this.#records = records;
  }

  /** Of a fingerprint (`placeKey`), without reading any model. Throws STORE_UNREACHABLE. */
  async known(key: string): Promise<string | undefined> {
    const digest =
      this.#known.get(key) ?? (await this.#records.get<Remembered>(COLLECTION, key))?.value.digest;
    if (digest !== undefined) this.#known.set(key, digest);
    return digest;
  }

  async remember(key: string, place: ModelPlace, digest: string): Promise<void> {
    if (this.#known.get(key) === digest) return;
    await this.#records.put(COLLECTION, key, { ...place, digest } satisfies Remembered);
    this.#known.set(key, digest);
  }

  /**
   * Reads the weights where the digest is not known. With an adapter, that of the base and the adapter's own are enough.
   * Throws what opening and reading throw, and MODEL_CHANGED when the files change meanwhile.
   */
  async digestOf(place: ModelPlace): Promise<KeyedDigest> {
    const key = await placeKey(place);
    return { key, digest: (await this.known(key)) ?? (await this.#digest(key, place)) };
  }

  async #digest(key: string, place: ModelPlace): Promise<string> {
    if (place.lora === null) {
      return this.#once(
        key,
        place,
        async () => (await openPlace(place)).digest(),
        () => placeKey(place),
      );
    }
    const base = await this.digestOf({ path: place.path, lora: null });
    return adaptedDigest(base.digest, await this.#adapterDigest(place.lora));
  }

  async #adapterDigest(lora: string): Promise<string> {
    const key = await adapterKey(lora);
    const read = async (): Promise<string> => {
      const adapter = await openAdapter(lora);
      const tensors = [];
      for (const [name, info] of adapter.tensors) {
        const { hash } = await adapter.read({ name, info });
        tensors.push({ name, dtype: info.dtype, shape: info.shape, hash });
      }
      return adapterDigest(adapter.config.scale, tensors);
    };
    return (
      (await this.known(key)) ?? this.#once(key, { path: lora, lora: null }, read, () => adapterKey(lora))
    );
  }

  #once(
    key: string,
    place: ModelPlace,
    read: () => Promise<string>,
    keyNow: () => Promise<string>,
  ): Promise<string> {
    const work = async (): Promise<string> => {
      const digest = await read();
      if ((await keyNow()) !== key) throw changedMeanwhile(place.path);
      await this.remember(key, place, digest);
      return digest;
    };
    const running =
      this.#atWork.get(key) ??
      work().finally(() => {
        this.#atWork.delete(key);
      });
    this.#atWork.set(key, running);
    return running;
  }
}

export function changedMeanwhile(path: string): ReptraceError {
  return new ReptraceError(
    'MODEL_CHANGED',
    `the files of ${JSON.stringify(path)} changed while they were read`,
    'Let no other program write to the model, and ask again.',
  );
}
