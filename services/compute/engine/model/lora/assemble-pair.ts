/**
 * The weights of a model with an adapter, and of its base, over one set of buffers: a linear layer that is adapted has its matrix
 * twice, all else is in both models. A bias is never adapted, so it is shared where both matrices are split alike.
 */
import type { Tensor } from '../../device/tensor.ts';
import { assembleWeights, type StoredProjection, type WeightSource } from '../assemble.ts';
import type { TensorSpec } from '../families/family.ts';
import type { WeightUpload } from '../weight-upload.ts';
import type { ModelWeights, ProjectionPart } from '../weights.ts';
import type { AdaptedSource } from './adapted-model.ts';

/**
 * @param upload takes the base's tensors @param overlay takes the adapted ones, in their own precision
 * Throws OUT_OF_MEMORY where a row is wider than a binding.
 */
export function assembleAdaptedPair(
  { config, adapted }: Pick<AdaptedSource, 'config' | 'adapted'>,
  upload: WeightUpload,
  overlay: WeightUpload,
): { readonly base: ModelWeights; readonly adapted: ModelWeights } {
  const shared = new Remembered(upload);
  const base = assembleWeights(config, shared);
  return { base, adapted: assembleWeights(config, new Overlaid(shared, adapted, overlay)) };
}

/** Weights of an upload, which can be asked for again. */
class Remembered implements WeightSource {
  readonly upload: WeightUpload;
  /** By tensor and rows: a fused one is several projections. */
  readonly #projections = new Map<string, readonly ProjectionPart[]>();
  readonly #vectors = new Map<string, Tensor>();

  constructor(upload: WeightUpload) {
    this.upload = upload;
  }

  projection(stored: StoredProjection): readonly ProjectionPart[] {
    return remember(this.#projections, keyOf(stored), () => this.upload.projection(stored));
  }

  vector(spec: TensorSpec): Tensor {
    return remember(this.#vectors, spec.name, () => this.upload.vector(spec));
  }
}

class Overlaid implements WeightSource {
  readonly #shared: Remembered;
  readonly #adapted: ReadonlySet<string>;
  readonly #overlay: WeightUpload;

  constructor(shared: Remembered, adapted: ReadonlySet<string>, overlay: WeightUpload) {
    this.#shared = shared;
    this.#adapted = adapted;
    this.#overlay = overlay;
  }

  projection(stored: StoredProjection): readonly ProjectionPart[] {
    const shared = this.#shared.projection(stored);
    if (!this.#adapted.has(stored.weight.name)) return shared;
    if (stored.bias === undefined || !this.#isSplitAlike(stored)) return this.#overlay.projection(stored);
    const parts = this.#overlay.projection({ ...stored, bias: undefined });
    return parts.map(({ w }, i) => ({ w, bias: shared[i]?.bias }));
  }

  vector(spec: TensorSpec): Tensor {
    return this.#shared.vector(spec);
  }

  /** Sums are float32, which may be wider than what the base is stored in. */
  #isSplitAlike(stored: StoredProjection): boolean {
    const rows = [this.#shared.upload, this.#overlay].map((upload) =>
      Math.min(stored.outputs, upload.partRows(stored)),
    );
    return rows[0] === rows[1];
  }
}

function remember<T>(known: Map<string, T>, key: string, make: () => T): T {
  const made = known.get(key) ?? make();
  known.set(key, made);
  return made;
}

function keyOf({ weight, rows }: StoredProjection): string {
  return `${weight.name} ${rows.map(({ first, count }) => `${first}+${count}`).join(' ')}`;
}
