/**
 * Full training of a model with AdamW on our kernels: one call is one optimizer step over a batch, in as many
 * passes as fit the memory, gradients accumulating. The loss is the mean over all predicted tokens of the batch.
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import { batchByTokens } from '../attribution/sample.ts';
import type { Scope } from '../device/arena.ts';
import type { Gpu } from '../device/gpu.ts';
import type { Tensor } from '../device/tensor.ts';
import * as adamw from '../kernels/adamw.ts';
import * as clip from '../kernels/clip.ts';
import { nllFromStats } from '../kernels/cross-entropy.ts';
import * as embedding from '../kernels/embedding.ts';
import { packBatch, uploadBatch, uploadFloats, uploadWords, type TokenSequence } from '../model/batch.ts';
import { beginHead, endHead, headBackward, headForward } from '../model/head.ts';
import { spreadPredicting, takePredicting } from '../model/predicting-rows.ts';
import type { ModelConfig } from '../model/model-config.ts';
import { Model } from '../model/model.ts';
import { ResidentWeights } from '../model/weight-store.ts';
import type { InitialValues } from './initial-weights.ts';
import { Parameters, type Parameter } from './parameters.ts';

export interface OptimizerSettings extends adamw.AdamwSettings {
  /** Decoupled decay of matrices (embeddings too); norms and biases have none. */
  readonly weightDecay: number;
  /** Largest global norm of the gradient. */
  readonly clipNorm: number;
}

export const DEFAULT_OPTIMIZER: OptimizerSettings = {
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.1,
  clipNorm: 1,
};

export interface StepResult {
  /** Mean cross-entropy over the predicted tokens, in nats. */
  readonly loss: number;
  /** Global norm of the gradient before clipping. */
  readonly gradientNorm: number;
  readonly lossTokens: number;
  readonly tokens: number;
}

/** Tokens of one pass, unless told otherwise: bounds the activations that exist at once. */
export const PASS_TOKENS = 2048;

export class Trainer {
  readonly model: Model;
  readonly parameters: Parameters;
  readonly #optimizer: OptimizerSettings;
  readonly #passTokens: number;
  readonly #partial: Tensor;
  readonly #clip: Tensor;
  #step = 0;

  private constructor(gpu: Gpu, config: ModelConfig, optimizer: OptimizerSettings, passTokens: number) {
    this.parameters = new Parameters(gpu, config);
    this.model = new Model(gpu, config, new ResidentWeights(this.parameters.weights, []));
    this.#optimizer = optimizer;
    this.#passTokens = passTokens;
    const gradients = this.parameters.list.map(({ gradient }) => gradient);
    this.#partial = this.model.arena.take([clip.partialCount(gradients)]);
    this.#clip = this.model.arena.take([2]);
  }

  static async create(
    gpu: Gpu,
    config: ModelConfig,
    initial: InitialValues,
    optimizer: OptimizerSettings = DEFAULT_OPTIMIZER,
    passTokens = PASS_TOKENS,
  ): Promise<Trainer> {
    const trainer = new Trainer(gpu, config, optimizer, passTokens);
    try {
      for (const { spec, value } of trainer.parameters.list) {
        trainer.model.recorder.upload(value, await initial(spec));
      }
      await gpu.idle();
      return trainer;
    } catch (error) {
      trainer.close();
      throw error;
    }
  }

  /** Optimizer steps taken. */
  get steps(): number {
    return this.#step;
  }

  /** One optimizer step. Throws NOT_FINITE, the parameters being lost then: go back to a checkpoint. */
  async step(batch: readonly TokenSequence[], rate: number): Promise<StepResult> {
    const { recorder, arena } = this.model;
    const lossTokens = batch.reduce(
      (sum, { inputIds, promptLength }) => sum + inputIds.length - promptLength,
      0,
    );
    for (const { gradient } of this.parameters.list) recorder.clear(gradient);
    const scope = arena.scope();
    try {
      const stats: Tensor[] = [];
      for (const pass of batchByTokens(batch, this.#passTokens))
        stats.push(await this.#accumulate(scope, pass, 1 / lossTokens));
      const gradients = this.parameters.list.map(({ gradient }) => gradient);
      const { clipNorm: maxNorm } = this.#optimizer;
      clip.forward(recorder, { gradients, maxNorm, partial: this.#partial, clip: this.#clip });
      this.#step += 1;
      for (const parameter of this.parameters.list) this.#update(parameter, rate);
      const [norms, ...rows] = await recorder.readFloats([this.#clip, ...stats]);
      const sum = rows.flatMap((row) => [...nllFromStats(row)]).reduce((total, nll) => total + nll, 0);
      const result: StepResult = {
        loss: sum / lossTokens,
        gradientNorm: norms?.[0] ?? NaN,
        lossTokens,
        tokens: batch.reduce((total, { inputIds }) => total + inputIds.length, 0),
      };
      if (!Number.isFinite(result.loss) || !Number.isFinite(result.gradientNorm))
        throw notFinite(this.#step, result);
      return result;
    } finally {
      scope.end();
    }
  }

  /** Sets everything that a checkpoint holds. */
  restore(
    step: number,
    values: (parameter: Parameter, part: 'value' | 'first' | 'second') => Float32Array<ArrayBuffer>,
  ): void {
    for (const parameter of this.parameters.list) {
      for (const part of ['value', 'first', 'second'] as const) {
        this.model.recorder.upload(parameter[part], values(parameter, part));
      }
    }
    this.#step = step;
  }

  /** A tensor's present values. */
  async read(tensor: Tensor): Promise<Float32Array<ArrayBuffer>> {
    const [values = new Float32Array()] = await this.model.recorder.readFloats([tensor]);
    return values;
  }

  close(): void {
    this.parameters.close();
    this.#partial.buffer.destroy();
    this.#clip.buffer.destroy();
    this.model.close();
  }

  /** Adds one pass's gradients. @returns its loss statistics, a tensor of the step's scope */
  async #accumulate(step: Scope, sequences: readonly TokenSequence[], scaleOfToken: number): Promise<Tensor> {
    const { model, parameters } = this;
    const { recorder, arena } = model;
    const scope = arena.scope();
    try {
      const packed = packBatch(sequences);
      const batch = uploadBatch(recorder, scope, packed);
      const context = model.context(scope, Math.max(...packed.places.map(({ length }) => length)));
      const { x, tapes } = await model.forward(context, batch, { tapeFrom: 0 });
      const { predicting, targets } = takePredicting(context, packed, x);
      scope.give(x);
      const { norm, head: projection } = parameters.weights;
      const head = beginHead(context, norm, predicting, targets);
      const vocabulary = { projection, firstId: 0 };
      await headForward(context, vocabulary, head, true);
      const scale = uploadFloats(
        recorder,
        scope,
        new Float32Array(packed.lossRows.length).fill(scaleOfToken),
      );
      const sink = parameters.sink(recorder);
      const dnormed = scope.take(predicting.shape);
      await headBackward(context, vocabulary, head, dnormed, scale, sink);
      const dx = endHead(context, norm, head, dnormed, sink);
      const dlast = spreadPredicting(context, packed, dx);
      const dout = await model.backward(context, batch, tapes, dlast, sink);
      const groups = embedding.groupById(packed.ids);
      embedding.weightGrad(recorder, {
        groupIds: uploadWords(recorder, scope, groups.ids),
        groupStarts: uploadWords(recorder, scope, groups.starts),
        order: uploadWords(recorder, scope, groups.order),
        dout,
        dtable: parameters.named(`${parameters.weights.embedding.name}.weight`).gradient,
      });
      const stats = step.take(head.stats.shape);
      recorder.copy(head.stats.buffer, 0, stats.buffer, 0, packed.lossRows.length * 16);
      return stats;
    } finally {
      scope.end();
    }
  }

  #update({ spec, value, gradient, first, second }: Parameter, rate: number): void {
    adamw.step(this.model.recorder, {
      ...{ parameter: value, gradient, first, second, clip: this.#clip, settings: this.#optimizer, rate },
      decay: spec.shape.length === 2 ? this.#optimizer.weightDecay : 0,
      step: this.#step,
    });
  }
}

function notFinite(step: number, { loss, gradientNorm }: StepResult): ReptraceError {
  return new ReptraceError(
    'NOT_FINITE',
    `step ${step} gave a loss of ${loss} and a gradient norm of ${gradientNorm}`,
    'Use a lower learning rate or a longer warm-up; --resume goes on from the last checkpoint.',
  );
}
