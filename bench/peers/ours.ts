/** The stack by our engine: its blocks as signatures and training run them, between an input and a loss of our own. */
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import type { Scope } from '../../services/compute/engine/device/arena.ts';
import type { Tensor } from '../../services/compute/engine/device/tensor.ts';
import * as clip from '../../services/compute/engine/kernels/clip.ts';
import { packBatch, uploadBatch, uploadFloats } from '../../services/compute/engine/model/batch.ts';
import { blockBackward, blockForward, type BlockTape } from '../../services/compute/engine/model/block.ts';
import type { Model } from '../../services/compute/engine/model/model.ts';
import { freshModel } from '../engine/fresh-model.ts';
import type { Stack, StackResult, StackWork } from './stack.ts';

export class OurStack implements Stack {
  readonly #model: Model;
  readonly #work: StackWork;
  readonly #scope: Scope;
  readonly #x: Tensor;

  private constructor(model: Model, work: StackWork) {
    this.#model = model;
    this.#work = work;
    this.#scope = model.arena.scope();
    const rows = work.sequences * work.length;
    this.#x = uploadFloats(model.recorder, this.#scope, work.x, [rows, work.config.hiddenSize]);
  }

  /** `freshModel` draws the same weights from the same seed. */
  static async open(gpu: Gpu, work: StackWork): Promise<OurStack> {
    return new OurStack(await freshModel(gpu, work.config), work);
  }

  async run(): Promise<StackResult> {
    const { recorder, weights, config, arena } = this.#model;
    const { sequences, length } = this.#work;
    const scope = arena.scope();
    try {
      const context = this.#model.context(scope, length);
      // The stack begins after the embedding: of the tokens only their number counts.
      const sequence = { inputIds: Array.from({ length }, () => 0), promptLength: 1 };
      const packed = packBatch(Array.from({ length: sequences }, () => sequence));
      const batch = uploadBatch(recorder, scope, packed);
      const tapes: BlockTape[] = [];
      let x = this.#x;
      for (let layer = 0; layer < config.layers; layer++) {
        const { out, tape } = blockForward(context, await weights.block(recorder, layer), batch, x, true);
        if (tape !== undefined) tapes.push(tape);
        x = out;
        await recorder.breathe();
      }
      const norm = this.#normOf(scope, x);
      let gradient = x;
      for (let layer = config.layers - 1; layer >= 0; layer--) {
        const tape = tapes[layer];
        gradient = blockBackward(context, await weights.block(recorder, layer), batch, tape, gradient);
        if (tape.x !== this.#x) scope.give(tape.x);
        await recorder.breathe();
      }
      const [[length2], values] = await recorder.readFloats([norm, gradient]);
      return { loss: length2 ** 2 / 2, gradient: values };
    } finally {
      scope.end();
    }
  }

  /** The root of the sum of squares, by what gradients are clipped with; its second number is the clipping factor. */
  #normOf(scope: Scope, x: Tensor): Tensor {
    const partial = scope.take([clip.partialCount([x])]);
    const norm = scope.take([2]);
    clip.forward(this.#model.recorder, { gradients: [x], maxNorm: 1, partial, clip: norm });
    return norm;
  }

  close(): void {
    this.#scope.end();
    this.#model.close();
  }
}
