/**
 * Training with AdamW on our kernels, of whatever is trained (trained.ts): one call is one optimizer step over a batch,
 * in as many passes as fit the memory, gradients accumulating. The loss is the mean over all predicted tokens of the batch.
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import { batchByTokens } from '../attribution/sample.ts';
import type { Scope } from '../device/arena.ts';
import type { Gpu } from '../device/gpu.ts';
import type { Tensor } from '../device/tensor.ts';
import * as adamw from '../kernels/adamw.ts';
import * as clip from '../kernels/clip.ts';
import { nllFromStats } from '../kernels/cross-entropy.ts';
import { passSeed } from '../kernels/dropout.ts';
import * as embedding from '../kernels/embedding.ts';
import { packBatch, uploadBatch, uploadFloats, uploadWords, type TokenSequence } from '../model/batch.ts';
import { beginHead, endHead, headBackward, headForward } from '../model/head.ts';
import { spreadPredicting, takePredicting } from '../model/predicting-rows.ts';
import type { ModelConfig } from '../model/model-config.ts';
import { Model } from '../model/model.ts';
import type { InitialValues } from './initial-weights.ts';
import { Adapter } from './lora/adapter.ts';
import { baseOf, type LoraTrainingSettings } from './lora/settings.ts';
import { Parameters } from './parameters.ts';
import type { Parameter, Trained } from './trained.ts';

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

export interface TrainerOptions {
  /** Default DEFAULT_OPTIMIZER. */
  readonly optimizer?: OptimizerSettings | undefined;
  /** Default PASS_TOKENS. */
  readonly passTokens?: number | undefined;
  /** Trains an adapter beside the model that the initial values are of; undefined: the model itself. */
  readonly lora?: LoraTrainingSettings | undefined;
  /** Of the adapter's initial values and of dropout; default 0. */
  readonly seed?: number | undefined;
}

/** The loss over a batch; its gradient is in the parameters. */
export interface BatchGradients {
  /** Mean cross-entropy over the predicted tokens, in nats. */
  readonly loss: number;
  readonly lossTokens: number;
}

export class Trainer {
  readonly model: Model;
  readonly parameters: Trained;
  readonly #optimizer: OptimizerSettings;
  readonly #passTokens: number;
  readonly #seed: number;
  readonly #partial: Tensor;
  readonly #clip: Tensor;
  #step = 0;

  private constructor(gpu: Gpu, config: ModelConfig, parameters: Trained, options: TrainerOptions) {
    this.parameters = parameters;
    this.model = new Model(gpu, config, parameters.weights);
    this.#optimizer = options.optimizer ?? DEFAULT_OPTIMIZER;
    this.#passTokens = options.passTokens ?? PASS_TOKENS;
    this.#seed = options.seed ?? 0;
    const gradients = parameters.list.map(({ gradient }) => gradient);
    this.#partial = this.model.arena.take([clip.partialCount(gradients)]);
    this.#clip = this.model.arena.take([2]);
  }

  /** Throws what Parameters.open and Adapter.open throw. */
  static async create(
    gpu: Gpu,
    config: ModelConfig,
    initial: InitialValues,
    options: TrainerOptions = {},
  ): Promise<Trainer> {
    const { lora, seed = 0 } = options;
    const parameters =
      lora === undefined
        ? await Parameters.open(gpu, config, initial)
        : await Adapter.open(gpu, baseOf(initial), lora, seed);
    return new Trainer(gpu, config, parameters, options);
  }

  /** Optimizer steps taken. */
  get steps(): number {
    return this.#step;
  }

  /** One optimizer step. Throws NOT_FINITE, the parameters being lost then: go back to a checkpoint. */
  async step(batch: readonly TokenSequence[], rate: number): Promise<StepResult> {
    const { recorder, arena } = this.model;
    const scope = arena.scope();
    try {
      const { lossTokens, stats } = await this.#gradients(scope, batch, 'dropout');
      const gradients = this.parameters.list.map(({ gradient }) => gradient);
      const { clipNorm: maxNorm } = this.#optimizer;
      clip.forward(recorder, { gradients, maxNorm, partial: this.#partial, clip: this.#clip });
      this.#step += 1;
      for (const parameter of this.parameters.list) this.#update(parameter, rate);
      const [norms, ...rows] = await recorder.readFloats([this.#clip, ...stats]);
      const result: StepResult = {
        loss: sumOfNlls(rows) / lossTokens,
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

  /**
   * Leaves the gradient of the batch's mean loss in the parameters' gradients, unclipped and without dropout, and steps
   * nothing. They stay until the next call of this or of `step`. Throws NOT_FINITE for a loss that is not.
   */
  async gradientsOf(batch: readonly TokenSequence[]): Promise<BatchGradients> {
    const { recorder, arena } = this.model;
    const scope = arena.scope();
    try {
      const { lossTokens, stats } = await this.#gradients(scope, batch);
      const loss = sumOfNlls(await recorder.readFloats(stats)) / lossTokens;
      if (Number.isFinite(loss)) return { loss, lossTokens };
      throw new ReptraceError(
        'NOT_FINITE',
        `the loss of a batch of ${batch.length} is ${loss}`,
        'Use weights that training has not made infinite.',
      );
    } finally {
      scope.end();
    }
  }

  /**
   * As `gradientsOf`, but only records it: nothing is read back or waited for, so what uses the gradients on the GPU can be recorded
   * behind it, sample after sample. Whoever does must look for numbers that are none in what comes of them.
   */
  async recordGradients(batch: readonly TokenSequence[]): Promise<void> {
    const scope = this.model.arena.scope();
    try {
      await this.#gradients(scope, batch);
    } finally {
      // What is recorded may still use this memory: whatever takes it next is recorded later, and runs later.
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

  /** Sets the gradients to those of the batch. @returns the passes' loss statistics, tensors of the scope */
  async #gradients(
    scope: Scope,
    batch: readonly TokenSequence[],
    dropout?: 'dropout',
  ): Promise<{ lossTokens: number; stats: readonly Tensor[] }> {
    const lossTokens = batch.reduce(
      (sum, { inputIds, promptLength }) => sum + inputIds.length - promptLength,
      0,
    );
    for (const { gradient } of this.parameters.list) this.model.recorder.clear(gradient);
    const stats: Tensor[] = [];
    for (const [pass, sequences] of batchByTokens(batch, this.#passTokens).entries()) {
      const dropoutSeed = dropout && passSeed(this.#seed, this.#step, pass);
      stats.push(await this.#accumulate(scope, sequences, { scaleOfToken: 1 / lossTokens, dropoutSeed }));
    }
    return { lossTokens, stats };
  }

  /** Adds one pass's gradients. @returns its loss statistics, a tensor of the step's scope */
  async #accumulate(
    step: Scope,
    sequences: readonly TokenSequence[],
    { scaleOfToken, dropoutSeed }: { scaleOfToken: number; dropoutSeed: number | undefined },
  ): Promise<Tensor> {
    const { model, parameters } = this;
    const { recorder, arena, weights } = model;
    const scope = arena.scope();
    try {
      const packed = packBatch(sequences);
      const batch = uploadBatch(recorder, scope, packed);
      const longest = Math.max(...packed.places.map(({ length }) => length));
      const context = { ...model.context(scope, longest), dropoutSeed };
      const { x, tapes } = await model.forward(context, batch, { tapeFrom: parameters.firstBlock });
      const { predicting, targets } = takePredicting(context, packed, x);
      scope.give(x);
      const { norm } = weights.ends;
      const head = beginHead(context, norm, predicting, targets);
      for (let part = 0; part < weights.vocabularyParts; part++)
        await headForward(context, await weights.head(recorder, part), head, true);
      const ones = new Float32Array(packed.lossRows.length).fill(scaleOfToken);
      const scale = uploadFloats(recorder, scope, ones);
      const sink = parameters.sink(context);
      const dnormed = scope.take(predicting.shape);
      for (let part = 0; part < weights.vocabularyParts; part++)
        await headBackward(context, await weights.head(recorder, part), head, dnormed, scale, sink);
      const dx = endHead(context, norm, head, dnormed, sink);
      const dlast = spreadPredicting(context, packed, dx);
      const dout = await model.backward(context, batch, tapes, dlast, sink);
      this.#embeddingGradient(scope, packed.ids, dout);
      const stats = step.take(head.stats.shape);
      recorder.copy(head.stats.buffer, 0, stats.buffer, 0, packed.lossRows.length * 16);
      return stats;
    } finally {
      scope.end();
    }
  }

  #embeddingGradient(scope: Scope, ids: Uint32Array, dout: Tensor): void {
    const dtable = this.parameters.embeddingGradient;
    if (dtable === undefined) return;
    const { recorder } = this.model;
    const groups = embedding.groupById(ids);
    embedding.weightGrad(recorder, {
      groupIds: uploadWords(recorder, scope, groups.ids),
      groupStarts: uploadWords(recorder, scope, groups.starts),
      order: uploadWords(recorder, scope, groups.order),
      ...{ dout, dtable },
    });
  }

  #update({ spec, value, gradient, first, second }: Parameter, rate: number): void {
    adamw.step(this.model.recorder, {
      ...{ parameter: value, gradient, first, second, clip: this.#clip, settings: this.#optimizer, rate },
      decay: spec.shape.length === 2 ? this.#optimizer.weightDecay : 0,
      step: this.#step,
    });
  }
}

/** @param stats of each pass, read back */
function sumOfNlls(stats: readonly Float32Array[]): number {
  return stats.flatMap((rows) => [...nllFromStats(rows)]).reduce((total, nll) => total + nll, 0);
}

function notFinite(step: number, { loss, gradientNorm }: StepResult): ReptraceError {
  return new ReptraceError(
    'NOT_FINITE',
    `step ${step} gave a loss of ${loss} and a gradient norm of ${gradientNorm}`,
    'Use a lower learning rate or a longer warm-up; --resume goes on from the last checkpoint.',
  );
}
