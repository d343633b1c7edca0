/** All parameters of a model, in full training, and the model assembled over their values. */
import { ReptraceError } from '../../../../lib/errors.ts';
import type { Gpu } from '../device/gpu.ts';
import { matrixRows, type Matrix, type Tensor } from '../device/tensor.ts';
import * as linear from '../kernels/linear.ts';
import * as rmsNorm from '../kernels/rms-norm.ts';
import { assembleWeights } from '../model/assemble.ts';
import type { BlockContext, WeightGradSink } from '../model/block.ts';
import { FAMILIES, familyOf } from '../model/families/families.ts';
import type { ModelConfig } from '../model/model-config.ts';
import { modelTensors, type TensorSpec } from '../model/model-tensors.ts';
import { ResidentWeights } from '../model/weight-store.ts';
import type { Norm, Projection } from '../model/weights.ts';
import type { InitialValues } from './initial-weights.ts';
import {
  closeParameter,
  makeParameter,
  writeValues,
  type Parameter,
  type StoredTensor,
  type Trained,
} from './trained.ts';

export class Parameters implements Trained {
  readonly list: readonly Parameter<TensorSpec>[];
  readonly weights: ResidentWeights;
  readonly firstBlock = 0;
  readonly embeddingGradient: Tensor;
  readonly #byName: ReadonlyMap<string, Parameter>;

  private constructor(config: ModelConfig, list: readonly Parameter<TensorSpec>[]) {
    this.list = list;
    this.#byName = new Map(list.map((parameter) => [parameter.spec.name, parameter]));
    const weights = assembleWeights(config, {
      projection: ({ weight, bias }) => [
        {
          w: matrixOf(this.named(weight.name).value),
          bias: bias === undefined ? undefined : this.named(bias.name).value,
        },
      ],
      vector: ({ name }) => this.named(name).value,
    });
    // The parameters' buffers are freed here, in close().
    this.weights = new ResidentWeights(weights, []);
    this.embeddingGradient = this.named(`${weights.embedding.name}.weight`).gradient;
  }

  /**
   * Throws CONFIG_UNSUPPORTED for a family whose weight gradients are not implemented, OUT_OF_MEMORY where the GPU has no
   * room, or, naming the tensor, where one is larger than a binding; and what reading the values throws.
   */
  static async open(gpu: Gpu, config: ModelConfig, initial: InitialValues): Promise<Parameters> {
    const { name, trains } = familyOf(config);
    if (!trains) throw cannotTrain(name);
    const list: Parameter<TensorSpec>[] = [];
    try {
      await gpu.allocating(() => {
        for (const spec of modelTensors(config)) list.push(makeParameter(gpu, spec));
      });
      for (const parameter of list) writeValues(gpu, parameter, await initial(parameter.spec));
      await gpu.idle();
      return new Parameters(config, list);
    } catch (error) {
      list.forEach(closeParameter);
      throw error;
    }
  }

  named(name: string): Parameter {
    const parameter = this.#byName.get(name);
    if (parameter === undefined) throw new Error(`there is no parameter ${name}`);
    return parameter;
  }

  sink({ recorder }: BlockContext): WeightGradSink {
    return {
      projection: (projection: Projection, x, dy, firstRow = 0, rows = projection.outputs) => {
        const whole = matrixOf(this.named(`${projection.name}.weight`).gradient);
        const dbias = this.#byName.get(`${projection.name}.bias`)?.gradient;
        linear.weightGrad(recorder, { x, dy, dw: matrixRows(whole, firstRow, rows), dbias });
      },
      norm: (norm: Norm, x, reciprocal, dy) => {
        const dweight = this.named(`${norm.name}.weight`).gradient;
        rmsNorm.weightGrad(recorder, { x, reciprocal, dy, dweight });
      },
    };
  }

  stored(read: (tensor: Tensor) => Promise<Float32Array>): StoredTensor[] {
    return this.list.map(({ spec: { name, shape }, value }) => ({ name, shape, data: () => read(value) }));
  }

  close(): void {
    this.list.forEach(closeParameter);
  }
}

function cannotTrain(family: string): ReptraceError {
  const able = FAMILIES.filter(({ trains }) => trains).map(({ name }) => name);
  return new ReptraceError(
    'CONFIG_UNSUPPORTED',
    `Training is not implemented for models of type "${family}".`,
    `Train an adapter for it with LoRA, or one of these in full: ${able.join(', ')}.`,
  );
}

function matrixOf({ buffer, shape }: Tensor): Matrix {
  const [rows = 0, columns = 0] = shape;
  return { buffer, rows, columns, rowOffset: 0, dtype: 'f32' };
}
