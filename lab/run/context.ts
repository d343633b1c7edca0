/** What every step of a run is given. */
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import type { ModelSource } from '../../services/compute/engine/model/model-source.ts';
import type { CodeDigests } from './code-digest.ts';
import type { WorkFolder } from './work-folder.ts';

export interface RunContext {
  readonly gpu: Gpu;
  /** The set's own. */
  readonly work: WorkFolder;
  /** Of the code that steps are made by. */
  readonly code: CodeDigests;
  readonly signal: AbortSignal | undefined;
  /** What is going on, said often. */
  readonly show: (text: string) => void;
  /** What whoever wrote the recipe should know. */
  readonly warn: (text: string) => void;
}

/** A model, and the digest that steps which use it depend on. */
export interface KnownSource {
  readonly source: ModelSource;
  readonly digest: string;
}

/** Read when first asked for, and then kept: a run that finds all its figures need not read features. */
export type Lazy<T> = () => Promise<T>;

export function lazy<T>(read: () => Promise<T>): Lazy<T> {
  let reading: Promise<T> | undefined;
  return () => (reading ??= read());
}
