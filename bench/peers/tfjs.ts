/**
 * The stack in TensorFlow.js on its WebGPU backend (@tensorflow/tfjs-core, @tensorflow/tfjs-backend-webgpu), `valueAndGrad` of
 * eager operations, which is all it has. It has no grouped attention, RMSNorm, rotary embedding or SiLU: they are of its
 * primitives. Queries of a group are rows of one product with the keys that they share, so that keys are not repeated. Weights are
 * stored [in, out], as its layers do.
 */
import * as tf from '@tensorflow/tfjs-core';
import { transposed } from '../engine/products.ts';
import { openBrowserGlobals } from './browser.ts';
import { registerGradients } from './tfjs-gradients.ts';
import {
  rotaryValues,
  type BlockValues,
  type Floats,
  type Stack,
  type StackResult,
  type StackWork,
} from './stack.ts';

type TfBlock = Record<keyof BlockValues, tf.Tensor>;

export async function openTfjs(): Promise<void> {
  openBrowserGlobals();
  // Only now: it looks for WebGPU as it is loaded, once.
  await import('@tensorflow/tfjs-backend-webgpu');
  await registerGradients();
  if (!(await tf.setBackend('webgpu'))) throw new Error('TensorFlow.js found no WebGPU adapter');
  await tf.ready();
}

export class TfjsStack implements Stack {
  readonly #work: StackWork;
  readonly #x: tf.Tensor2D;
  readonly #blocks: TfBlock[];
  /** [length, headDim / 2] each. */
  readonly #cos: tf.Tensor;
  readonly #sin: tf.Tensor;
  /** [length, length]: what is added to scores. */
  readonly #mask: tf.Tensor;

  constructor(work: StackWork) {
    const { config, sequences, length, x, blocks } = work;
    const { hiddenSize, heads, kvHeads, headDim, intermediateSize } = config;
    const [inner, kvInner] = [heads * headDim, kvHeads * headDim];
    this.#work = work;
    this.#x = tf.tensor2d(x, [sequences * length, hiddenSize]);
    const matrix = (values: Floats, outputs: number, inputs: number): tf.Tensor =>
      tf.tensor2d(transposed(values, outputs, inputs), [inputs, outputs]);
    this.#blocks = blocks.map((block) => ({
      inputNorm: tf.tensor1d(block.inputNorm),
      q: matrix(block.q, inner, hiddenSize),
      k: matrix(block.k, kvInner, hiddenSize),
      v: matrix(block.v, kvInner, hiddenSize),
      o: matrix(block.o, hiddenSize, inner),
      mlpNorm: tf.tensor1d(block.mlpNorm),
      gate: matrix(block.gate, intermediateSize, hiddenSize),
      up: matrix(block.up, intermediateSize, hiddenSize),
      down: matrix(block.down, hiddenSize, intermediateSize),
    }));
    const { cos, sin } = rotaryValues(work);
    this.#cos = tf.tensor(cos, [length, headDim / 2]);
    this.#sin = tf.tensor(sin, [length, headDim / 2]);
    const mask = Float32Array.from({ length: length * length }, (_, i) =>
      i % length <= Math.floor(i / length) ? 0 : -1e9,
    );
    this.#mask = tf.tensor(mask, [length, length]);
  }

  async run(): Promise<StackResult> {
    const { value, grad } = tf.tidy(() => tf.valueAndGrad((x: tf.Tensor) => this.#loss(x))(this.#x));
    try {
      const [[loss], gradient] = await Promise.all([value.data(), grad.data()]);
      if (!(gradient instanceof Float32Array))
        throw new Error('TensorFlow.js gave a gradient that is not float32');
      return { loss, gradient };
    } finally {
      tf.dispose([value, grad]);
    }
  }

  #loss(x: tf.Tensor): tf.Scalar {
    const out = this.#blocks.reduce((stream, weights) => this.#block(stream, weights), x);
    return tf.mul(tf.sum(tf.square(out)), 0.5);
  }

  #block(x: tf.Tensor, w: TfBlock): tf.Tensor {
    const { heads, kvHeads } = this.#work.config;
    const n = this.#rmsNorm(x, w.inputNorm);
    const q = this.#turn(this.#split(tf.matMul(n, w.q), heads));
    const k = this.#turn(this.#split(tf.matMul(n, w.k), kvHeads));
    const v = this.#split(tf.matMul(n, w.v), kvHeads);
    const mid = tf.add(x, tf.matMul(this.#attention(q, k, v), w.o));
    const m = this.#rmsNorm(mid, w.mlpNorm);
    const gate = tf.matMul(m, w.gate);
    const activated = tf.mul(tf.mul(gate, tf.sigmoid(gate)), tf.matMul(m, w.up));
    return tf.add(mid, tf.matMul(activated, w.down));
  }

  #rmsNorm(x: tf.Tensor, weight: tf.Tensor): tf.Tensor {
    const square = tf.mean(tf.square(x), -1, true);
    return tf.mul(tf.mul(x, tf.rsqrt(tf.add(square, this.#work.config.normEps))), weight);
  }

  /** [sequences * length, count * headDim] as [sequences, count, length, headDim]. */
  #split(x: tf.Tensor, count: number): tf.Tensor {
    const { sequences, length, config } = this.#work;
    return tf.transpose(tf.reshape(x, [sequences, length, count, config.headDim]), [0, 2, 1, 3]);
  }

  #turn(x: tf.Tensor): tf.Tensor {
    const [first, second] = tf.split(x, 2, -1);
    return tf.concat(
      [
        tf.sub(tf.mul(first, this.#cos), tf.mul(second, this.#sin)),
        tf.add(tf.mul(second, this.#cos), tf.mul(first, this.#sin)),
      ],
      -1,
    );
  }

  /** @returns [sequences * length, heads * headDim] */
  #attention(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor): tf.Tensor {
    const { sequences, length, config } = this.#work;
    const { heads, kvHeads, headDim } = config;
    const group = heads / kvHeads;
    const shared = [sequences, kvHeads, group * length];
    const scores = tf.matMul(tf.reshape(q, [...shared, headDim]), k, false, true);
    const each = [sequences, kvHeads, group, length, length];
    const scaled = tf.add(tf.mul(tf.reshape(scores, each), 1 / Math.sqrt(headDim)), this.#mask);
    const mixed = tf.matMul(tf.reshape(tf.softmax(scaled), [...shared, length]), v);
    const byHead = tf.reshape(mixed, [sequences, heads, length, headDim]);
    return tf.reshape(tf.transpose(byHead, [0, 2, 1, 3]), [sequences * length, heads * headDim]);
  }

  close(): void {
    tf.dispose([
      this.#x,
      this.#cos,
      this.#sin,
      this.#mask,
      ...this.#blocks.flatMap((block) => Object.values(block)),
    ]);
  }
}
