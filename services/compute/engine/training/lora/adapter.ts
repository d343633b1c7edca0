/**
 * An adapter in training: two factors for each adapted layer, A [rank, inputs] and B [outputs, rank], beside the frozen
 * weights of its base, which stay as they are stored (quantised ones too).
 *
 * Kernels take widths that are multiples of 4. So a rank is made one by rows of zeros in A and columns of zeros in B: their
 * gradients are zero, and zero they stay. B's rows lie as blocks have the layers; files have them as the base does.
 */
import type { Random } from '../../../../../lib/random.ts';
import type { Gpu } from '../../device/gpu.ts';
import { matrixRows, type Matrix, type Tensor } from '../../device/tensor.ts';
import { rowsInBlockOrder, type RowRange } from '../../model/assemble.ts';
import type { BlockContext, WeightGradSink } from '../../model/block.ts';
import { loadWeights } from '../../model/load-weights.ts';
import { tensorName } from '../../model/lora/adapter-tensors.ts';
import type { LinearModule } from '../../model/lora/targets.ts';
import { branchGradients } from '../../model/low-rank-branch.ts';
import type { ModelSource } from '../../model/model-source.ts';
import { modelTensors } from '../../model/model-tensors.ts';
import type { WeightStore } from '../../model/weight-store.ts';
import { tensorStream } from '../streams.ts';
import {
  closeParameter,
  makeParameter,
  writeValues,
  type Parameter,
  type StoredTensor,
  type Trained,
} from '../trained.ts';
import { BranchedWeights, type Branch } from './branched-weights.ts';
import { adaptedModules, scaleOf, type LoraTrainingSettings } from './settings.ts';

/** An adapted layer. */
interface Factors {
  readonly module: LinearModule;
  readonly a: Parameter;
  readonly b: Parameter;
}

export class Adapter implements Trained {
  readonly list: readonly Parameter[];
  readonly weights: WeightStore;
  readonly firstBlock: number;
  readonly embeddingGradient = undefined;
  readonly #factors: ReadonlyMap<string, Factors>;
  readonly #rank: number;
  /** B's rows in files, by module, in the order in which they lie on the GPU. */
  readonly #rows: ReadonlyMap<string, readonly RowRange[]>;

  private constructor(
    base: ModelSource,
    frozen: WeightStore,
    factors: readonly Factors[],
    settings: LoraTrainingSettings,
  ) {
    this.list = factors.flatMap(({ a, b }) => [a, b]);
    this.firstBlock = Math.min(...factors.map(({ module }) => module.layer));
    this.#factors = new Map(factors.map((of) => [of.module.name, of]));
    this.#rank = settings.rank;
    this.#rows = new Map(
      modelTensors(base.config).map((spec) => [spec.name, rowsInBlockOrder(base.config, spec)]),
    );
    const scale = scaleOf(settings);
    const branches = factors.map(({ module, a, b }, stream): [string, Branch] => [
      module.name,
      { a: matrixOf(a.value), b: matrixOf(b.value), scale, dropout: settings.dropout, stream },
    ]);
    this.weights = new BranchedWeights(frozen, new Map(branches));
  }

  /**
   * As peft begins: A uniform within 1 / sqrt(inputs) of 0 (Kaiming with a = sqrt 5), B zero. Throws INPUT_INVALID for
   * settings that the model does not allow, OUT_OF_MEMORY, and what reading the base's weights throws.
   */
  static async open(
    gpu: Gpu,
    base: ModelSource,
    settings: LoraTrainingSettings,
    seed: number,
  ): Promise<Adapter> {
    const modules = adaptedModules(base.config, settings);
    const { weights: frozen } = await loadWeights(gpu, base);
    const made: Parameter[] = [];
    try {
      const make = (module: LinearModule, which: 'a' | 'b', shape: readonly number[]): Parameter => {
        const parameter = makeParameter(gpu, { name: tensorName(module, which), shape });
        made.push(parameter);
        return parameter;
      };
      const width = Math.ceil(settings.rank / 4) * 4;
      const factors = await gpu.allocating(() =>
        modules.map((module) => ({
          module,
          a: make(module, 'a', [width, module.inputs]),
          b: make(module, 'b', [module.outputs, width]),
        })),
      );
      for (const [i, { module, a }] of factors.entries()) {
        writeValues(gpu, a, initialA(settings.rank, module.inputs, tensorStream(seed, i, 'adapter')));
      }
      await gpu.idle();
      return new Adapter(base, frozen, factors, settings);
    } catch (error) {
      made.forEach(closeParameter);
      frozen.close();
      throw error;
    }
  }

  sink(context: BlockContext): WeightGradSink {
    return {
      projection: ({ name, lowRank }, x, dy) => {
        const factors = this.#factors.get(name);
        if (lowRank === undefined || factors === undefined) return;
        const [a, b] = [matrixOf(factors.a.gradient), matrixOf(factors.b.gradient)];
        const { rowOffset, rows } = lowRank.b;
        branchGradients(context, lowRank, { x, dy }, { a, b: matrixRows(b, rowOffset, rows) });
      },
      norm: () => undefined,
    };
  }

  stored(read: (tensor: Tensor) => Promise<Float32Array>): StoredTensor[] {
    const rank = this.#rank;
    return [...this.#factors.values()].flatMap(({ module, a, b }) => [
      {
        ...{ name: a.spec.name, shape: [rank, module.inputs] },
        data: async () => (await read(a.value)).slice(0, rank * module.inputs),
      },
      {
        ...{ name: b.spec.name, shape: [module.outputs, rank] },
        data: async () => storedB(await read(b.value), rank, this.#rows.get(`${module.name}.weight`) ?? []),
      },
    ]);
  }

  close(): void {
    this.list.forEach(closeParameter);
  }
}

function initialA(rank: number, inputs: number, random: Random): Float32Array<ArrayBuffer> {
  const bound = 1 / Math.sqrt(inputs);
  return Float32Array.from({ length: rank * inputs }, () => (2 * random.next() - 1) * bound);
}

/** B without the columns that fill up the rank, its rows where the file has them. */
function storedB(values: Float32Array, rank: number, ranges: readonly RowRange[]): Float32Array {
  const rows = ranges.reduce((sum, { count }) => sum + count, 0);
  const width = values.length / rows;
  const out = new Float32Array(rows * rank);
  let row = 0;
  for (const { first, count } of ranges) {
    for (let i = 0; i < count; i++, row++) {
      out.set(values.subarray(row * width, row * width + rank), (first + i) * rank);
    }
  }
  return out;
}

function matrixOf({ buffer, shape }: Tensor): Matrix {
  const [rows = 0, columns = 0] = shape;
  return { buffer, rows, columns, rowOffset: 0, dtype: 'f32' };
}
