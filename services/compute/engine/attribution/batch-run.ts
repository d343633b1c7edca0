/**
 * One packed batch on its way through the model, stage by stage: the embedding, all blocks, the head on the rows that
 * predict and back, the blocks in reverse down to the lowest asked layer. Gradients of activations only; nothing for the way back
 * is kept below the lowest layer. Who calls the stages has the weights (group-run.ts); what was asked for is in batch-keep.ts.
 */
import type { Scope } from '../device/arena.ts';
import type { Tensor } from '../device/tensor.ts';
import {
  meanOverResponses,
  packBatch,
  uploadBatch,
  uploadFloats,
  uploadWords,
  type GpuBatch,
  type PackedBatch,
} from '../model/batch.ts';
import {
  blockBackward,
  blockForward,
  blockForwardOf,
  type BlockContext,
  type BlockTape,
} from '../model/block.ts';
import { beginEmbedding, embedPart, endEmbedding } from '../model/embed.ts';
import { beginHead, endHead, headBackward, headForward, type HeadTape } from '../model/head.ts';
import type { Model } from '../model/model.ts';
import { normForward } from '../model/norms.ts';
import { spreadPredicting, takePredicting } from '../model/predicting-rows.ts';
import { predictingOnly, type WantedRows } from '../model/wanted-rows.ts';
import type { BlockWeights, EndWeights, VocabularyPart } from '../model/weights.ts';
import { BatchKeep } from './batch-keep.ts';
import type { BatchResult } from './batch-result.ts';
import type { Sample } from './sample.ts';
import type { SignatureOptions } from './signature.ts';

/** What a block's forward keeps for the backward: all that it needs, or only its input, from which the rest is made again. */
export type Kept = 'tape' | 'input';

export class BatchRun {
  readonly #model: Model;
  readonly #scope: Scope;
  readonly #options: SignatureOptions;
  readonly #packed: PackedBatch;
  readonly #context: BlockContext;
  readonly #batch: GpuBatch;
  readonly #last: number;
  readonly #keep: BatchKeep;
  /** Of the last block's output; undefined where all rows are needed. */
  readonly #wanted: WantedRows | undefined;
  /** By block, of the blocks above the lowest asked layer. */
  readonly #tapes = new Map<number, BlockTape>();
  readonly #inputs = new Map<number, Tensor>();
  /** The residual stream, on the way up. */
  #x: Tensor | undefined;
  /** The gradient with respect to it, on the way down. */
  #dx: Tensor | undefined;
  #head: HeadTape | undefined;
  #dnormed: Tensor | undefined;
  #scale: Tensor | undefined;

  /** @param context made for the longest sample; tensors are taken from its scope, which the caller ends */
  constructor(model: Model, context: BlockContext, samples: readonly Sample[], options: SignatureOptions) {
    const { recorder, scope } = context;
    this.#model = model;
    this.#scope = scope;
    this.#options = { ...options, layers: [...new Set(options.layers)].sort((a, b) => a - b) };
    this.#packed = packBatch(samples);
    this.#context = context;
    this.#last = model.config.layers;
    this.#batch = uploadBatch(recorder, scope, this.#packed);
    this.#keep = new BatchKeep(model, context, this.#packed, samples, this.#options);
    this.#wanted = this.#needsAllOfLast() ? undefined : predictingOnly(context, this.#packed);
  }

  /** The lowest block that gradients go back through; `layers` where they go through none. */
  get lowest(): number {
    return this.#options.forwardOnly === true ? this.#last : Math.min(this.#last, ...this.#options.layers);
  }

  /** Whether gradients are asked for at all. */
  get goesBack(): boolean {
    const { forwardOnly, layers, tokenRows } = this.#options;
    return forwardOnly !== true && (layers.length > 0 || tokenRows !== undefined);
  }

  /** Whether any row of the last block's output counts but those that predict. */
  #needsAllOfLast(): boolean {
    return this.lowest < this.#last || this.#keep.wantsAllHidden(this.#last);
  }

  /** Every part of the embedding, in any order; then `endEmbedding`. */
  embed(part: VocabularyPart): void {
    this.#x ??= beginEmbedding(this.#context, this.#batch);
    embedPart(this.#context, part, this.#batch, this.#x);
  }

  endEmbedding(ends: EndWeights): void {
    this.#x = endEmbedding(this.#context, ends, this.#batch, present(this.#x));
    this.#keep.hidden(0, this.#x);
  }

  /** Through one block, from 0 on. */
  forward(weights: BlockWeights, kept: Kept): void {
    const { layer } = weights;
    const x = present(this.#x);
    if (layer + 1 === this.#last && this.#wanted !== undefined) {
      this.#x = blockForwardOf(this.#context, weights, this.#batch, x, this.#wanted);
      this.#scope.give(x);
      return;
    }
    const goesBack = layer >= this.lowest;
    const { out, tape } = blockForward(this.#context, weights, this.#batch, x, goesBack && kept === 'tape');
    if (tape !== undefined) this.#tapes.set(layer, tape);
    else if (goesBack) this.#inputs.set(layer, x);
    else this.#scope.give(x);
    this.#x = out;
    if (layer + 1 < this.#last) this.#keep.hidden(layer + 1, out);
  }

  beginHead({ norm }: EndWeights): void {
    const x = present(this.#x);
    const { predicting, targets } = this.#predicting(x);
    if (this.#keep.wantsAllHidden(this.#last))
      this.#keep.lastHiddenAll(normForward(this.#context, norm, x)[0]);
    if (predicting !== x) this.#scope.give(x);
    const head = beginHead(this.#context, norm, predicting, targets);
    this.#keep.lastHidden(head.normed);
    this.#head = head;
  }

  /** Of the last block's output, which may have no other rows. */
  #predicting(x: Tensor): { predicting: Tensor; targets: Tensor } {
    if (this.#wanted === undefined) return takePredicting(this.#context, this.#packed, x);
    return { predicting: x, targets: uploadWords(this.#model.recorder, this.#scope, this.#packed.targets) };
  }

  /** Every part of the head, the lowest ids first. @param keep keeps logits for the backward, where they are few */
  headForward(part: VocabularyPart, keep: boolean): Promise<void> {
    return headForward(this.#context, part, present(this.#head), keep);
  }

  /** Every part of the head, the lowest ids first. */
  headBackward(part: VocabularyPart): Promise<void> {
    const { recorder } = this.#model;
    const head = present(this.#head);
    this.#dnormed ??= this.#scope.take(head.x.shape);
    this.#scale ??= uploadFloats(recorder, this.#scope, meanOverResponses(this.#packed));
    return headBackward(this.#context, part, head, this.#dnormed, this.#scale);
  }

  /** In place of the way back, where nothing goes back: the losses stay. */
  dropHead(): void {
    const { x, normed, normStats, targets } = present(this.#head);
    this.#scope.give(x, normed, normStats, targets);
  }

  endHead({ norm }: EndWeights): void {
    const [head, dnormed] = [present(this.#head), present(this.#dnormed)];
    const dx = endHead(this.#context, norm, head, dnormed);
    const spread = (rows: Tensor): Tensor => spreadPredicting(this.#context, this.#packed, rows);
    this.#keep.lastGradient(dnormed, spread);
    if (this.lowest < this.#last) this.#dx = spread(dx);
    this.#scope.give(present(this.#scale), dnormed, dx, head.x, head.normed, head.normStats, head.targets);
  }

  /** Back through one block, from the last to `lowest`. */
  backward(weights: BlockWeights): void {
    const { layer } = weights;
    const tape = this.#tapes.get(layer) ?? this.#tapeAgain(weights);
    this.#tapes.delete(layer);
    const gradient = blockBackward(this.#context, weights, this.#batch, tape, present(this.#dx));
    this.#scope.give(tape.x);
    this.#dx = gradient;
    this.#keep.gradient(layer, gradient);
  }

  /** The same kernels over the same input: the tape is the same to the last bit. */
  #tapeAgain(weights: BlockWeights): BlockTape {
    const x = present(this.#inputs.get(weights.layer));
    this.#inputs.delete(weights.layer);
    const { out, tape } = blockForward(this.#context, weights, this.#batch, x, true);
    this.#scope.give(out);
    return present(tape);
  }

  /** Everything in one transfer, which is sent at once: after the last stage, and before the scope ends. */
  read(): Promise<BatchResult> {
    return this.#keep.read(present(this.#head).stats);
  }
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the stages of a batch were called out of their order');
  return value;
}
