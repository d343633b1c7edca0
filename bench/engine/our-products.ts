/** The products as our engine computes them in training: kernels/linear.ts with scratch memory, transposes included. */
import { Arena, type Scope } from '../../services/compute/engine/device/arena.ts';
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { Recorder } from '../../services/compute/engine/device/recorder.ts';
import type { Matrix, Tensor } from '../../services/compute/engine/device/tensor.ts';
import * as linear from '../../services/compute/engine/kernels/linear.ts';
import { uploadFloats } from '../../services/compute/engine/model/batch.ts';
import type { Operands, Product, ProductsOnDevice } from './products.ts';

export class OurProducts implements ProductsOnDevice {
  readonly #recorder: Recorder;
  readonly #arena: Arena;
  readonly #scope: Scope;
  readonly #x: Tensor;
  readonly #w: Matrix;
  readonly #dy: Tensor;
  readonly #y: Tensor;
  readonly #dx: Tensor;
  readonly #dw: Tensor;

  constructor(gpu: Gpu, { rows, inner, columns, x, w, dy }: Operands) {
    this.#recorder = new Recorder(gpu);
    this.#arena = new Arena(gpu);
    this.#scope = this.#arena.scope();
    this.#x = uploadFloats(this.#recorder, this.#scope, x, [rows, inner]);
    this.#w = matrixOf(uploadFloats(this.#recorder, this.#scope, w, [columns, inner]));
    this.#dy = uploadFloats(this.#recorder, this.#scope, dy, [rows, columns]);
    this.#y = this.#scope.take([rows, columns]);
    this.#dx = this.#scope.take([rows, inner]);
    this.#dw = this.#scope.take([columns, inner]);
  }

  async run(product: Product, repeats: number): Promise<void> {
    for (let i = 0; i < repeats; i++) this.#record(product);
    await this.#recorder.finish();
  }

  async result(product: Product): Promise<Float32Array> {
    // Weight gradients are added to what is there.
    this.#recorder.clear(this.#dw);
    this.#record(product);
    const out = { forward: this.#y, inputGrad: this.#dx, weightGrad: this.#dw }[product];
    const [values = new Float32Array()] = await this.#recorder.readFloats([out]);
    return values;
  }

  close(): void {
    this.#scope.end();
    this.#arena.trim();
  }

  #record(product: Product): void {
    const shared = { scratch: this.#scope };
    switch (product) {
      case 'forward':
        linear.forward(this.#recorder, { ...shared, x: this.#x, w: this.#w, y: this.#y });
        return;
      case 'inputGrad':
        linear.inputGrad(this.#recorder, { ...shared, dy: this.#dy, w: this.#w, dx: this.#dx });
        return;
      case 'weightGrad':
        linear.weightGrad(this.#recorder, { x: this.#x, dy: this.#dy, dw: matrixOf(this.#dw) });
        return;
    }
  }
}

function matrixOf({ buffer, shape: [rows = 0, columns = 0] }: Tensor): Matrix {
  return { buffer, rows, columns, rowOffset: 0, dtype: 'f32' };
}
