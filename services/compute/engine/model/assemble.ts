/**
 * Puts a model's weights together from wherever its tensors are: a folder on its way to the GPU, or a trainer. Here
 * fused tensors come apart: a query projection may be some rows of a larger matrix.
 */
import type { Tensor } from '../device/tensor.ts';
import type { TensorPart, TensorSpec } from './families/family.ts';
import type { ModelConfig } from './model-config.ts';
import { modelTensors } from './model-tensors.ts';
import type {
  BlockWeights,
  EndWeights,
  ModelWeights,
  Norm,
  OuterWeights,
  Projection,
  ProjectionPart,
  VocabularyPart,
} from './weights.ts';

/** Consecutive rows of a tensor. */
export interface RowRange {
  readonly first: number;
  readonly count: number;
}

/** A linear layer, and where its rows are stored. */
export interface StoredProjection {
  readonly weight: TensorSpec;
  readonly bias: TensorSpec | undefined;
  readonly outputs: number;
  readonly inputs: number;
  /** Rows of the tensor that make up the layer, in the layer's order. Of the transposed one, where it is stored so. */
  readonly rows: readonly RowRange[];
}

export interface WeightSource {
  /** The parts of a linear layer, in the order of its rows. */
  projection(stored: StoredProjection): readonly ProjectionPart[];
  /** A vector in float32. */
  vector(spec: TensorSpec): Tensor;
}

export function assembleWeights(config: ModelConfig, source: WeightSource): ModelWeights {
  const specs = specsByLayer(config);
  const blocks = Array.from({ length: config.layers }, (_, layer) => {
    return assembleBlock(config, layer, specs.get(layer) ?? [], source);
  });
  return { ...assembleOuter(config, specs.get(null) ?? [], source), blocks };
}

/** The tensors of each block, and under null those outside. */
export function specsByLayer(config: ModelConfig): Map<number | null, TensorSpec[]> {
  const specs = new Map<number | null, TensorSpec[]>();
  for (const spec of modelTensors(config)) {
    const of = specs.get(spec.layer);
    if (of === undefined) specs.set(spec.layer, [spec]);
    else of.push(spec);
  }
  return specs;
}

export function assembleOuter(
  config: ModelConfig,
  specs: readonly TensorSpec[],
  source: WeightSource,
): OuterWeights {
  const parts = new Parts(specs, source);
  const embedding = parts.projection('embedding');
  return {
    ...assembleEnds(specs, source),
    embedding,
    head: config.tieEmbeddings ? embedding : parts.projection('head'),
  };
}

export function assembleEnds(specs: readonly TensorSpec[], source: WeightSource): EndWeights {
  const parts = new Parts(specs, source);
  return {
    positions: parts.has('positions') ? parts.projection('positions') : undefined,
    norm: parts.norm('finalNorm'),
  };
}

/** Rows of the embedding or of a head. */
export function assembleVocabulary(
  specs: readonly TensorSpec[],
  source: WeightSource,
  part: 'embedding' | 'head',
  rows: RowRange,
): VocabularyPart {
  return { projection: new Parts(specs, source).projection(part, [rows]), firstId: rows.first };
}

export function assembleBlock(
  config: ModelConfig,
  layer: number,
  specs: readonly TensorSpec[],
  source: WeightSource,
): BlockWeights {
  const parts = new Parts(specs, source);
  const { heads, kvHeads, headDim, intermediateSize } = config;
  const [q, k, v] = attentionProjections(parts, [heads * headDim, kvHeads * headDim], headDim);
  const [gate, up] = parts.has('gateUp')
    ? fused(parts, 'gateUp', [intermediateSize, intermediateSize])
    : [config.gated ? parts.projection('gate') : undefined, parts.projection('up')];
  return {
    ...{ layer, q, k, v, gate, up },
    inputNorm: parts.optionalNorm('attentionNorm'),
    queryNorm: parts.optionalNorm('queryNorm'),
    keyNorm: parts.optionalNorm('keyNorm'),
    o: parts.projection('attentionOutput'),
    attentionPostNorm: parts.optionalNorm('attentionPostNorm'),
    mlpNorm: parts.optionalNorm('mlpNorm'),
    down: parts.projection('down'),
    mlpPostNorm: parts.optionalNorm('mlpPostNorm'),
  };
}

function attentionProjections(
  parts: Parts,
  [queries, keys]: readonly [number, number],
  headDim: number,
): OfThree<Projection> {
  if (parts.has('queryKeyValue')) return fused(parts, 'queryKeyValue', [queries, keys, keys]);
  if (parts.has('queryKeyValueByHead')) {
    const ofHeads = (rows: readonly RowRange[]): Projection => parts.projection('queryKeyValueByHead', rows);
    const [q, k, v] = rowsByHead(queries / headDim, headDim);
    return [ofHeads(q), ofHeads(k), ofHeads(v)];
  }
  return [parts.projection('query'), parts.projection('key'), parts.projection('value')];
}

type OfThree<T> = readonly [q: T, k: T, v: T];

/** The rows of queries, keys and values in a tensor where those of a head follow each other. */
function rowsByHead(heads: number, headDim: number): OfThree<readonly RowRange[]> {
  const ofHeads = (offset: number): RowRange[] =>
    Array.from({ length: heads }, (_, head) => ({ first: (3 * head + offset) * headDim, count: headDim }));
  return [ofHeads(0), ofHeads(1), ofHeads(2)];
}

/** The rows of a projection's weight in the order in which blocks have them: layer by layer, where several are in it. */
export function rowsInBlockOrder({ heads, headDim }: ModelConfig, spec: TensorSpec): readonly RowRange[] {
  if (spec.part === 'queryKeyValueByHead') return rowsByHead(heads, headDim).flat();
  const [rows = 0, columns = 0] = spec.shape;
  return [{ first: 0, count: spec.transposed === true ? columns : rows }];
}

/** Projections that follow each other in one tensor. */
function fused<const Sizes extends readonly number[]>(
  parts: Parts,
  part: TensorPart,
  sizes: Sizes,
): { readonly [I in keyof Sizes]: Projection } {
  let first = 0;
  const projections = sizes.map((count) => {
    const projection = parts.projection(part, [{ first, count }]);
    first += count;
    return projection;
  });
  // map() does not say that it keeps a tuple's length.
  return projections as unknown as { readonly [I in keyof Sizes]: Projection };
}

/** The tensors of a block, or those outside all blocks, by what they are. */
class Parts {
  readonly #specs: readonly TensorSpec[];
  readonly #source: WeightSource;

  constructor(specs: readonly TensorSpec[], source: WeightSource) {
    this.#specs = specs;
    this.#source = source;
  }

  has(part: TensorPart): boolean {
    return this.#find(part, 'weight') !== undefined;
  }

  projection(part: TensorPart, rows?: readonly RowRange[]): Projection {
    const weight = this.#need(part);
    const [first = 0, second = 0] = weight.shape;
    const [all, inputs] = weight.transposed === true ? [second, first] : [first, second];
    const taken = rows ?? [{ first: 0, count: all }];
    const outputs = taken.reduce((sum, { count }) => sum + count, 0);
    const bias = this.#find(part, 'bias');
    const parts = this.#source.projection({ weight, bias, outputs, inputs, rows: taken });
    return { name: nameOf(weight), parts, inputs, outputs };
  }

  norm(part: TensorPart): Norm {
    const weight = this.#need(part);
    const bias = this.#find(part, 'bias');
    return {
      name: nameOf(weight),
      weight: this.#source.vector(weight),
      bias: bias === undefined ? undefined : this.#source.vector(bias),
    };
  }

  optionalNorm(part: TensorPart): Norm | undefined {
    return this.has(part) ? this.norm(part) : undefined;
  }

  #need(part: TensorPart): TensorSpec {
    const spec = this.#find(part, 'weight');
    if (spec === undefined) throw new Error(`the model's family has no tensor for ${part}`);
    return spec;
  }

  #find(part: TensorPart, kind: TensorSpec['kind']): TensorSpec | undefined {
    return this.#specs.find((spec) => spec.part === part && spec.kind === kind);
  }
}

function nameOf({ name }: TensorSpec): string {
  return name.slice(0, -'.weight'.length);
}
