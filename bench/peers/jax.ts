/**
 * The stack in jax-js (https://github.com/ekzhang/jax-js), as its users write it where speed counts: its own softmax and SiLU; norm,
 * rotary embedding and attention of its primitives. It has an attention (`nn.dotProductAttention`), which does not run in Node 20
 * (`einsum` needs iterator helpers) and repeats keys and values for each head of a group; here the queries of a group are rows of
 * one product with the keys that they share. Weights are stored [in, out], as JAX programs do, and rows of all sequences go
 * through projections together.
 *
 * In two ways. One `jit` of everything is the way of the book; but it fuses norms and activations into the products that read them,
 * and computes them again for every multiply-add: on a software adapter that takes twice as long as `jit` of what is between the
 * products, and none of the products. On a GPU it may be the other way round.
 */
import { jit, nn, numpy as np, tree, valueAndGrad, type Array as JaxArray } from '@jax-js/jax';
import { transposed } from '../engine/products.ts';
import {
  rotaryValues,
  type BlockValues,
  type Floats,
  type Stack,
  type StackResult,
  type StackWork,
} from './stack.ts';

type JaxBlock = Record<keyof BlockValues, JaxArray>;
type JaxRotary = Record<'cos' | 'sin', JaxArray>;

type JaxLoss = (x: JaxArray, blocks: JaxBlock[], rotary: JaxRotary) => JaxArray;

type JaxLossAndGradient = (...operands: Parameters<JaxLoss>) => [loss: JaxArray, gradient: JaxArray];

/** What is compiled as one: everything, or each part between products. */
export type JaxJit = 'whole' | 'parts';

export class JaxStack implements Stack {
  readonly #x: JaxArray;
  readonly #blocks: JaxBlock[];
  readonly #rotary: JaxRotary;
  readonly #lossAndGradient: JaxLossAndGradient;

  constructor(work: StackWork, compiled: JaxJit) {
    const { config, sequences, length, x, blocks } = work;
    const { hiddenSize, heads, kvHeads, headDim, intermediateSize } = config;
    const [inner, kvInner] = [heads * headDim, kvHeads * headDim];
    this.#x = np.array(x).reshape([sequences * length, hiddenSize]);
    const matrix = (values: Floats, outputs: number, inputs: number): JaxArray =>
      np.array(transposed(values, outputs, inputs)).reshape([inputs, outputs]);
    this.#blocks = blocks.map((block) => ({
      inputNorm: np.array(block.inputNorm),
      q: matrix(block.q, inner, hiddenSize),
      k: matrix(block.k, kvInner, hiddenSize),
      v: matrix(block.v, kvInner, hiddenSize),
      o: matrix(block.o, hiddenSize, inner),
      mlpNorm: np.array(block.mlpNorm),
      gate: matrix(block.gate, intermediateSize, hiddenSize),
      up: matrix(block.up, intermediateSize, hiddenSize),
      down: matrix(block.down, hiddenSize, intermediateSize),
    }));
    const { cos, sin } = rotaryValues(work);
    const rotary = (values: Floats): JaxArray => np.array(values).reshape([length, headDim / 2]);
    this.#rotary = { cos: rotary(cos), sin: rotary(sin) };
    const lossAndGradient = valueAndGrad(lossOf(work, compiled));
    this.#lossAndGradient = compiled === 'whole' ? jit(lossAndGradient) : lossAndGradient;
  }

  async run(): Promise<StackResult> {
    const blocks = tree.ref(this.#blocks);
    const rotary = tree.ref(this.#rotary);
    const [loss, gradient] = this.#lossAndGradient(this.#x.ref, blocks, rotary);
    const [losses, values] = await Promise.all([read(loss), read(gradient)]);
    return { loss: losses[0], gradient: values };
  }

  close(): void {
    this.#x.dispose();
    tree.dispose(this.#blocks);
    tree.dispose(this.#rotary);
  }
}

async function read(array: JaxArray): Promise<Float32Array> {
  const values: unknown = await array.data();
  if (values instanceof Float32Array) return values;
  throw new Error('jax-js gave a result that is not float32');
}

/** jax-js frees what a function is given: `.ref` wherever something is used again. */
function lossOf({ config, sequences, length }: StackWork, compiled: JaxJit): JaxLoss {
  const { heads, kvHeads, headDim, normEps } = config;
  const [rows, group] = [sequences * length, heads / kvHeads];
  const rmsNorm = (a: JaxArray, weight: JaxArray): JaxArray => {
    const square = np.mean(np.square(a.ref), -1, { keepdims: true });
    return a.div(np.sqrt(square.add(normEps))).mul(weight);
  };
  const turn = (a: JaxArray, cos: JaxArray, sin: JaxArray): JaxArray => {
    const [first, second] = np.split(a, 2, -1);
    const turned = first.ref.mul(cos.ref).sub(second.ref.mul(sin.ref));
    return np.concatenate([turned, second.mul(cos).add(first.mul(sin))], -1);
  };
  const shared = [sequences, kvHeads, group * length];
  /** Of scores [sequences, kvHeads, group * length, length]. */
  const causalSoftmax = (scores: JaxArray): JaxArray => {
    const each = scores.mul(1 / Math.sqrt(headDim)).reshape([sequences, kvHeads, group, length, length]);
    const seen = np.where(np.tri(length, length, 0, { dtype: np.bool }), each, -Infinity);
    return nn.softmax(seen, -1).reshape([...shared, length]);
  };
  const gated = (gate: JaxArray, up: JaxArray): JaxArray => nn.silu(gate).mul(up);
  const plain = { rmsNorm, turn, causalSoftmax, gated };
  const compiledParts = {
    rmsNorm: jit(rmsNorm),
    turn: jit(turn),
    causalSoftmax: jit(causalSoftmax),
    gated: jit(gated),
  };
  const part = compiled === 'parts' ? compiledParts : plain;

  /** [rows, count * headDim] as [sequences, count, length, headDim]. */
  const split = (a: JaxArray, count: number): JaxArray =>
    np.transpose(a.reshape([sequences, length, count, headDim]), [0, 2, 1, 3]);
  /** Gives [rows, heads * headDim]. */
  const attention = (q: JaxArray, k: JaxArray, v: JaxArray): JaxArray => {
    const scores = np.matmul(q.reshape([...shared, headDim]), np.swapaxes(k, -1, -2));
    const mixed = np.matmul(part.causalSoftmax(scores), v).reshape([sequences, heads, length, headDim]);
    return np.transpose(mixed, [0, 2, 1, 3]).reshape([rows, heads * headDim]);
  };
  const block = (a: JaxArray, w: JaxBlock, { cos, sin }: JaxRotary): JaxArray => {
    const n = part.rmsNorm(a.ref, w.inputNorm);
    const q = part.turn(split(np.matmul(n.ref, w.q), heads), cos.ref, sin.ref);
    const k = part.turn(split(np.matmul(n.ref, w.k), kvHeads), cos, sin);
    const v = split(np.matmul(n, w.v), kvHeads);
    const mid = a.add(np.matmul(attention(q, k, v), w.o));
    const m = part.rmsNorm(mid.ref, w.mlpNorm);
    const activated = part.gated(np.matmul(m.ref, w.gate), np.matmul(m, w.up));
    return mid.add(np.matmul(activated, w.down));
  };
  return (x, blocks, rotary) => {
    let out = x;
    for (const w of blocks) out = block(out, w, tree.ref(rotary));
    tree.dispose(rotary);
    return np.sum(np.square(out)).mul(0.5);
  };
}
