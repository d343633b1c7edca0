/**
 * What is on the GPU, in the order of its last use: single models, and pairs of a model and its base. A model is found in
 * whatever it is part of.
 */
import type { ModelDescription } from '../../../lib/mesh/compute-messages.ts';
import type { Model } from '../engine/model/model.ts';
import type { ModelSource } from '../engine/model/model-source.ts';
import type { FoundModel } from './model-finder.ts';

export interface LoadedModel {
  /** To be used in the lane only. */
  readonly model: Model;
  readonly source: ModelSource;
  readonly description: ModelDescription;
}

/** Together with the model before its fine-tuning. */
export interface LoadedPair extends LoadedModel {
  readonly base: Model;
}

/** A model, and where it was found. */
export interface Shelved extends LoadedModel {
  /** Fingerprint of its files. */
  readonly key: string;
}

/** What was loaded, and is closed, together. */
interface Entry {
  model: Shelved;
  base: Shelved | undefined;
  readonly close: () => void;
}

export class ModelShelf {
  /** The least recently used first. */
  #entries: readonly Entry[] = [];

  get size(): number {
    return this.#entries.length;
  }

  addModel(model: Shelved): void {
    const close = (): void => {
      model.model.close();
    };
    this.#entries = [...this.#entries, { model, base: undefined, close }];
  }

  /** @param close frees both */
  addPair(model: Shelved, base: Shelved, close: () => void): void {
    this.#entries = [...this.#entries, { model, base, close }];
  }

  /** A model that is there, alone or in a pair, as the one that was found; undefined when it is not. */
  model(found: FoundModel): LoadedModel | undefined {
    const entry = this.#entries.findLast(({ model, base }) => isSame(model, found) || isSame(base, found));
    if (entry === undefined) return undefined;
    this.#use(entry);
    if (isSame(entry.model, found)) return (entry.model = placed(entry.model, found));
    return entry.base === undefined ? undefined : (entry.base = placed(entry.base, found));
  }

  pair(found: FoundModel, foundBase: FoundModel): LoadedPair | undefined {
    for (const entry of this.#entries) {
      const { model, base } = entry;
      if (base === undefined || !isSame(model, found) || !isSame(base, foundBase)) continue;
      this.#use(entry);
      entry.model = placed(model, found);
      entry.base = placed(base, foundBase);
      return { ...entry.model, base: base.model };
    }
    return undefined;
  }

  /** How a model was opened, by the fingerprint of its files. */
  source(key: string): ModelSource | undefined {
    return this.#models().find((model) => model.key === key)?.source;
  }

  /** Each once, the most recently used last. */
  list(): ModelDescription[] {
    const byDigest = new Map<string, ModelDescription>();
    for (const { description } of this.#models()) {
      byDigest.delete(description.digest);
      byDigest.set(description.digest, description);
    }
    return [...byDigest.values()];
  }

  /** Forgets what lived on another device: it has gone with it. */
  keepOnly(gpu: Model['gpu']): void {
    this.#entries = this.#entries.filter(({ model }) => model.model.gpu === gpu);
  }

  /** Closes these where they are there alone. */
  closeAlone(...models: readonly FoundModel[]): void {
    this.#close(({ model, base }) => base === undefined && models.some((found) => isSame(model, found)));
  }

  /** Closes the least recently used until there are so many at most. */
  makeRoom(most: number): void {
    const closed = new Set(this.#entries.slice(0, Math.max(0, this.size - most)));
    this.#close((entry) => closed.has(entry));
  }

  #close(isMeant: (entry: Entry) => boolean): void {
    const closed = this.#entries.filter(isMeant);
    this.#entries = this.#entries.filter((entry) => !closed.includes(entry));
    for (const { close } of closed) close();
  }

  #use(entry: Entry): void {
    this.#entries = [...this.#entries.filter((other) => other !== entry), entry];
  }

  #models(): Shelved[] {
    return this.#entries.flatMap(({ model, base }) => (base === undefined ? [model] : [base, model]));
  }
}

function isSame(model: Shelved | undefined, { key, digest }: FoundModel): boolean {
  return model !== undefined && (model.key === key || model.description.digest === digest);
}

/** A copy of a model is the same model, at another place. */
function placed({ model, source, description }: Shelved, { key, path, lora }: FoundModel): Shelved {
  return { key, model, source, description: { ...description, path, loraPath: lora } };
}
