/**
 * The same products by jax-js (https://github.com/ekzhang/jax-js), `np.dot` on its WebGPU backend, on the same adapter
 * through the same Dawn. Its kernels depend on how operands lie, so it gets both ways to store a weight: [out, in], as
 * checkpoints and our engine do, and [in, out], as JAX programs do.
 */
import { defaultDevice, getWebGPUDevice, init, jit, numpy as np, type Array as JaxArray } from '@jax-js/jax';
import { openBrowserGlobals } from '../peers/browser.ts';
import { transposed, type Operands, type Product, type ProductsOnDevice } from './products.ts';

export const JAX_LAYOUTS = ['out-in', 'in-out'] as const;
export type JaxLayout = (typeof JAX_LAYOUTS)[number];

/** Compiled with `jit`, as its users do where speed counts. A transpose is a view that the one kernel reads through. */
const DOTS: Readonly<Record<JaxLayout, Readonly<Record<Product, (a: JaxArray, b: JaxArray) => JaxArray>>>> = {
  'out-in': {
    forward: jit((x: JaxArray, w: JaxArray) => np.dot(x, np.transpose(w))),
    inputGrad: jit((dy: JaxArray, w: JaxArray) => np.dot(dy, w)),
    weightGrad: jit((x: JaxArray, dy: JaxArray) => np.dot(np.transpose(dy), x)),
  },
  'in-out': {
    forward: jit((x: JaxArray, w: JaxArray) => np.dot(x, w)),
    inputGrad: jit((dy: JaxArray, w: JaxArray) => np.dot(dy, np.transpose(w))),
    weightGrad: jit((x: JaxArray, dy: JaxArray) => np.dot(np.transpose(x), dy)),
  },
};

export async function openJax(): Promise<GPUDevice> {
  openBrowserGlobals();
  const devices = await init('webgpu');
  if (!devices.includes('webgpu')) throw new Error('jax-js found no WebGPU adapter');
  defaultDevice('webgpu');
  return getWebGPUDevice();
}

export class JaxProducts implements ProductsOnDevice {
  readonly #device: GPUDevice;
  readonly #layout: JaxLayout;
  readonly #operands: Operands;
  readonly #x: JaxArray;
  /** [columns, inner], or [inner, columns] in the layout in-out. */
  readonly #w: JaxArray;
  readonly #dy: JaxArray;

  constructor(device: GPUDevice, layout: JaxLayout, operands: Operands) {
    const { rows, inner, columns, x, w, dy } = operands;
    this.#device = device;
    this.#layout = layout;
    this.#operands = operands;
    this.#x = np.array(x).reshape([rows, inner]);
    this.#w =
      layout === 'out-in'
        ? np.array(w).reshape([columns, inner])
        : np.array(transposed(w, columns, inner)).reshape([inner, columns]);
    this.#dy = np.array(dy).reshape([rows, columns]);
  }

  async run(product: Product, repeats: number): Promise<void> {
    // gpuBuffer() sends the product and gives its memory back without waiting: one wait at the end, as on our side.
    for (let i = 0; i < repeats; i++) await this.#product(product).gpuBuffer();
    await this.#device.queue.onSubmittedWorkDone();
  }

  async result(product: Product): Promise<Float32Array> {
    const values: unknown = await this.#product(product).data();
    if (!(values instanceof Float32Array)) throw new Error('jax-js gave a result that is not float32');
    const { inner, columns } = this.#operands;
    const turned = product === 'weightGrad' && this.#layout === 'in-out';
    return turned ? transposed(values, inner, columns) : values;
  }

  close(): void {
    for (const array of [this.#x, this.#w, this.#dy]) array.dispose();
  }

  /** `.ref` because jax-js frees what it is given. */
  #product(product: Product): JaxArray {
    const dot = DOTS[this.#layout][product];
    switch (product) {
      case 'forward':
        return dot(this.#x.ref, this.#w.ref);
      case 'inputGrad':
        return dot(this.#dy.ref, this.#w.ref);
      case 'weightGrad':
        return dot(this.#x.ref, this.#dy.ref);
    }
  }
}
