/**
 * What linear layers are applied to: x, straight and transposed, each made once for all layers that read the same. What only
 * they read need not be there before: it is then computed as the first of them wants it, and the other way only if another
 * layer does.
 */
import type { Scope } from '../device/arena.ts';
import type { Recorder } from '../device/recorder.ts';
import { plainMatrix, type Tensor } from '../device/tensor.ts';
import { transpose } from './matmul-outer.ts';
import { transposedShape, writesTransposed } from './row-teams.ts';

/** An x that is still to be computed. */
export interface Pending {
  readonly shape: readonly [rows: number, inner: number];
  /** Computes x, or xT as `transposedShape` says. */
  write(to: Tensor, transposed: boolean): void;
}

export class LinearInput {
  readonly #recorder: Recorder;
  readonly #scratch: Scope;
  readonly #source: Tensor | Pending;
  #straight: Tensor | undefined;
  #transposed: Tensor | undefined;

  /** @param source [rows, inner]; a tensor stays the caller's */
  constructor(recorder: Recorder, scratch: Scope, source: Tensor | Pending) {
    this.#recorder = recorder;
    this.#scratch = scratch;
    this.#source = source;
  }

  /** [rows, inner] */
  get shape(): readonly number[] {
    return this.#source.shape;
  }

  /** Where it was computed it stays this object's. */
  get x(): Tensor {
    if ('buffer' in this.#source) return this.#source;
    if (this.#straight === undefined) {
      this.#straight = this.#scratch.take(this.#source.shape);
      this.#source.write(this.#straight, false);
    }
    return this.#straight;
  }

  /** xT as `transpose` lays it out; it stays this object's. */
  transposed(): Tensor {
    this.#transposed ??= this.#newTransposed();
    return this.#transposed;
  }

  /** Gives back what was made. */
  end(): void {
    for (const made of [this.#straight, this.#transposed]) {
      if (made !== undefined) this.#scratch.give(made);
    }
    this.#straight = undefined;
    this.#transposed = undefined;
  }

  #newTransposed(): Tensor {
    const [rows = 0, inner = 0] = this.shape;
    if (
      this.#straight === undefined &&
      !('buffer' in this.#source) &&
      writesTransposed(this.#recorder.gpu.report)
    ) {
      const xT = this.#scratch.take(transposedShape(rows, inner));
      this.#source.write(xT, true);
      return xT;
    }
    return transpose(this.#recorder, this.#scratch, plainMatrix(this.x, rows, inner));
  }
}
