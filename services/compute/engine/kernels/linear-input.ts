/** What linear layers are applied to: x, and its transpose, which is made once for all layers that read the same. */
import type { Scope } from '../device/arena.ts';
import type { Recorder } from '../device/recorder.ts';
import { plainMatrix, type Tensor } from '../device/tensor.ts';
import { transpose } from './matmul-outer.ts';

export class LinearInput {
  readonly x: Tensor;
  readonly #recorder: Recorder;
  readonly #scratch: Scope;
  #transposed: Tensor | undefined;

  /** @param x [rows, inner], the caller's */
  constructor(recorder: Recorder, scratch: Scope, x: Tensor) {
    this.x = x;
    this.#recorder = recorder;
    this.#scratch = scratch;
  }

  /** xT as `transpose` lays it out; it stays this object's. */
  transposed(): Tensor {
    const [rows = 0, inner = 0] = this.x.shape;
    this.#transposed ??= transpose(this.#recorder, this.#scratch, plainMatrix(this.x, rows, inner));
    return this.#transposed;
  }

  /** Gives the transpose back. */
  end(): void {
    if (this.#transposed !== undefined) this.#scratch.give(this.#transposed);
    this.#transposed = undefined;
  }
}
