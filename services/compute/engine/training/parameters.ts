/**
 * The parameters of a model in training: float32 values, gradients and AdamW moments on the GPU, by checkpoint name, and
 * the model assembled over the values.
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import { USAGE, type Gpu } from '../device/gpu.ts';
import { byteLength, matrixRows, type Matrix, type Tensor } from '../device/tensor.ts';
import * as linear from '../kernels/linear.ts';
import * as rmsNorm from '../kernels/rms-norm.ts';
import type { Recorder } from '../device/recorder.ts';
import { assembleWeights } from '../model/assemble.ts';
import type { WeightGradSink } from '../model/block.ts';
import { FAMILIES, familyOf } from '../model/families/families.ts';
import type { ModelConfig } from '../model/model-config.ts';
import { modelTensors, type TensorSpec } from '../model/model-tensors.ts';
import type { ModelWeights, Norm, Projection } from '../model/weights.ts';

/** One trained tensor. All four have the parameter's shape. */
export interface Parameter {
  readonly spec: TensorSpec;
  readonly value: Tensor;
  readonly gradient: Tensor;
  readonly first: Tensor;
  readonly second: Tensor;
}

export class Parameters {
  readonly list: readonly Parameter[];
  readonly weights: ModelWeights;
  readonly #byName: ReadonlyMap<string, Parameter>;

  /**
   * Throws CONFIG_UNSUPPORTED for a family whose weight gradients are not implemented, OUT_OF_MEMORY, naming the tensor, where one is larger than a binding: training does not split tensors.
   */
  constructor(gpu: Gpu, config: ModelConfig) {
    const { name, trains } = familyOf(config);
    if (!trains) throw cannotTrain(name);
    this.list = modelTensors(config).map((spec) => makeParameter(gpu, spec));
    this.#byName = new Map(this.list.map((parameter) => [parameter.spec.name, parameter]));
    this.weights = assembleWeights(config, {
      projection: ({ weight, bias }) => [
        {
          w: matrixOf(this.named(weight.name).value),
          bias: bias === undefined ? undefined : this.named(bias.name).value,
        },
      ],
      vector: ({ name }) => this.named(name).value,
    });
  }

  named(name: string): Parameter {
    const parameter = this.#byName.get(name);
    if (parameter === undefined) throw new Error(`there is no parameter ${name}`);
    return parameter;
  }

  /** Adds every weight gradient that the backward passes by to the parameters' gradients. */
  sink(recorder: Recorder): WeightGradSink {
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

  close(): void {
    for (const { value, gradient, first, second } of this.list) {
      for (const tensor of [value, gradient, first, second]) tensor.buffer.destroy();
    }
  }
}

function cannotTrain(family: string): ReptraceError {
  const able = FAMILIES.filter(({ trains }) => trains).map(({ name }) => name);
  return new ReptraceError(
    'CONFIG_UNSUPPORTED',
    `Training is not implemented for models of type "${family}".`,
    `Train one of these: ${able.join(', ')}. Signatures, traces and generation work for all.`,
  );
}

function makeParameter(gpu: Gpu, spec: TensorSpec): Parameter {
  const size = Math.ceil(byteLength(spec.shape, 'f32') / 16) * 16;
  const limit = gpu.report.limits['maxStorageBufferBindingSize'] ?? 0;
  if (size > limit) {
    throw new ReptraceError(
      'OUT_OF_MEMORY',
      `${spec.name} takes ${size} bytes in float32; this adapter binds at most ${limit}`,
      'Train on a GPU with larger storage bindings, or a smaller model.',
    );
  }
  const tensor = (label: string): Tensor => ({
    buffer: gpu.device.createBuffer({
      label: `${label} of ${spec.name}`,
      size,
      usage: USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST,
    }),
    shape: spec.shape,
    dtype: 'f32',
  });
  return {
    spec,
    value: tensor('value'),
    gradient: tensor('gradient'),
    first: tensor('m'),
    second: tensor('v'),
  };
}

function matrixOf({ buffer, shape }: Tensor): Matrix {
  const [rows = 0, columns = 0] = shape;
  return { buffer, rows, columns, rowOffset: 0, dtype: 'f32' };
}
