/**
 * One transformer block of the Llama family, forward and backward, composed of the oracles of this folder:
 *   x1 = x  + o_proj(attention(rotary(q_norm(q_proj(n1))), rotary(k_norm(k_proj(n1))), v_proj(n1))),  n1 = rms(x)
 *   y  = x1 + down_proj(silu(gate_proj(n2)) * up_proj(n2)),                                           n2 = rms(x1)
 * x, x1, y [N, D]. Biases and the per-head q and k norms (Qwen 3) are used where the weights have them.
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import { attentionBackward, attentionForward, causalBlocks } from './attention.ts';
import { gatedBackward, gatedForward } from './gated-activation.ts';
import { linearForward, linearInputBackward, linearWeightBackward } from './linear.ts';
import type { Numbers } from './numbers.ts';
import { residualForward } from './residual.ts';
import { rmsNormBackward, rmsNormForward } from './rms-norm.ts';
import { packedPositions, rotaryBackward, rotaryForward } from './rotary.ts';

/** The numbers that a model's configuration comes down to. */
export interface LlamaShape {
  readonly layers: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocabSize: number;
  readonly normEps: number;
  /** [headDim / 2], every scaling of the rotary embedding included */
  readonly invFreq: Numbers;
  /** YaRN's attention factor; 1 if absent */
  readonly rotaryScale?: number | undefined;
  /** sliding window of the attention; none if absent */
  readonly window?: number | undefined;
}

/** Tensors by their Hugging Face names (`model.layers.0.self_attn.q_proj.weight`); no `lm_head.weight`: tied. */
export type Weights = ReadonlyMap<string, Numbers>;

/** dL/dweight by the same names, added up as the backward pass goes. */
export type WeightGradients = Map<string, Float64Array>;

export interface BlockContext {
  readonly shape: LlamaShape;
  readonly weights: Weights;
  readonly starts: readonly number[];
  /** N */
  readonly rows: number;
  /** where weight gradients are added; absent: none are computed */
  readonly weightGradients?: WeightGradients | undefined;
}

/** What the backward of a block needs of its forward. */
export interface BlockTape {
  readonly x: Float64Array;
  readonly normed1: Float64Array;
  /** projections before their per-head norm and rotation */
  readonly rawQ: Float64Array;
  readonly rawK: Float64Array;
  readonly q: Float64Array;
  readonly k: Float64Array;
  readonly v: Float64Array;
  readonly attended: Float64Array;
  readonly x1: Float64Array;
  readonly normed2: Float64Array;
  readonly gate: Float64Array;
  readonly up: Float64Array;
  readonly activated: Float64Array;
}

export function weightOf(weights: Weights, name: string): Numbers {
  const weight = weights.get(name);
  if (weight) return weight;
  throw new ReptraceError(
    'WEIGHTS_INVALID',
    `The weight ${name} is missing.`,
    'Give all weights of the model.',
  );
}

/** Adds to the gradient of a weight; where weight gradients are not asked for it does nothing. */
export function addGradient(
  gradients: WeightGradients | undefined,
  name: string,
  values: Float64Array,
): void {
  if (!gradients) return;
  const soFar = gradients.get(name);
  gradients.set(name, soFar ? soFar.map((value, i) => value + values[i]) : values);
}

function add(...terms: readonly Float64Array[]): Float64Array {
  return terms.reduce((x, branch) => residualForward({ x, branch }));
}

/** The operations of one block bound to its weights: each takes the name of its tensor within the block. */
function operationsOf(context: BlockContext, layer: number) {
  const { shape, weights, starts, rows, weightGradients } = context;
  const { heads, kvHeads, headDim, normEps: eps, hiddenSize, intermediateSize } = shape;
  const prefix = `model.layers.${layer}.`;
  const widths: Readonly<Record<string, readonly [inner: number, outer: number]>> = {
    'self_attn.q_proj': [hiddenSize, heads * headDim],
    'self_attn.k_proj': [hiddenSize, kvHeads * headDim],
    'self_attn.v_proj': [hiddenSize, kvHeads * headDim],
    'self_attn.o_proj': [heads * headDim, hiddenSize],
    'mlp.gate_proj': [hiddenSize, intermediateSize],
    'mlp.up_proj': [hiddenSize, intermediateSize],
    'mlp.down_proj': [intermediateSize, hiddenSize],
  };
  const rotation = {
    positions: packedPositions(starts),
    invFreq: shape.invFreq,
    scale: shape.rotaryScale,
    rows,
    headDim,
  };
  return {
    attention: {
      ...{ queryRows: rows, keyRows: rows, heads, kvHeads, headDim },
      blocks: causalBlocks(starts),
      window: shape.window,
    },

    project(name: string, x: Float64Array): Float64Array {
      const [inner, outer] = widths[name];
      const weight = weightOf(weights, `${prefix}${name}.weight`);
      const bias = weights.get(`${prefix}${name}.bias`);
      return linearForward({ x, weight, bias, rows, inner, outer });
    },

    projectBackward(name: string, x: Float64Array, dy: Float64Array): Float64Array {
      const [inner, outer] = widths[name];
      if (weightGradients) {
        const { dWeight, dBias } = linearWeightBackward({ dy, x, rows, inner, outer });
        addGradient(weightGradients, `${prefix}${name}.weight`, dWeight);
        if (weights.has(`${prefix}${name}.bias`))
          addGradient(weightGradients, `${prefix}${name}.bias`, dBias);
      }
      const weight = weightOf(weights, `${prefix}${name}.weight`);
      return linearInputBackward({ dy, weight, rows, inner, outer });
    },

    norm(name: string, x: Float64Array): Float64Array {
      const weight = weightOf(weights, `${prefix}${name}.weight`);
      return rmsNormForward({ x, weight, rows, width: hiddenSize, eps });
    },

    normBackward(name: string, x: Float64Array, dy: Float64Array): Float64Array {
      const weight = weightOf(weights, `${prefix}${name}.weight`);
      const { dx, dWeight } = rmsNormBackward({ x, weight, dy, rows, width: hiddenSize, eps });
      addGradient(weightGradients, `${prefix}${name}.weight`, dWeight);
      return dx;
    },

    /** The per-head norm, where there is one, then the rotation. */
    place(name: string, x: Float64Array, headCount: number): Float64Array {
      const weight = weights.get(`${prefix}${name}.weight`);
      const normed = weight ? rmsNormForward({ x, weight, rows: rows * headCount, width: headDim, eps }) : x;
      return rotaryForward({ x: normed, ...rotation, heads: headCount });
    },

    placeBackward(name: string, x: Float64Array, dy: Float64Array, headCount: number): Float64Array {
      const turned = rotaryBackward({ dy, ...rotation, heads: headCount });
      const weight = weights.get(`${prefix}${name}.weight`);
      if (!weight) return turned;
      const shapeOf = { rows: rows * headCount, width: headDim, eps };
      const { dx, dWeight } = rmsNormBackward({ x, weight, dy: turned, ...shapeOf });
      addGradient(weightGradients, `${prefix}${name}.weight`, dWeight);
      return dx;
    },
  };
}

/** y [N, D] and the tape */
export function blockForward(
  context: BlockContext,
  layer: number,
  x: Float64Array,
): { readonly y: Float64Array; readonly tape: BlockTape } {
  const block = operationsOf(context, layer);
  const { heads, kvHeads } = context.shape;
  const normed1 = block.norm('input_layernorm', x);
  const rawQ = block.project('self_attn.q_proj', normed1);
  const rawK = block.project('self_attn.k_proj', normed1);
  const v = block.project('self_attn.v_proj', normed1);
  const q = block.place('self_attn.q_norm', rawQ, heads);
  const k = block.place('self_attn.k_norm', rawK, kvHeads);
  const attended = attentionForward({ q, k, v, ...block.attention }).out;
  const x1 = add(x, block.project('self_attn.o_proj', attended));
  const normed2 = block.norm('post_attention_layernorm', x1);
  const gate = block.project('mlp.gate_proj', normed2);
  const up = block.project('mlp.up_proj', normed2);
  const activated = gatedForward({ kind: 'silu', gate, up });
  const y = add(x1, block.project('mlp.down_proj', activated));
  const tape = { x, normed1, rawQ, rawK, q, k, v, attended, x1, normed2, gate, up, activated };
  return { y, tape };
}

/** dx [N, D] of dy [N, D] */
export function blockBackward(
  context: BlockContext,
  layer: number,
  tape: BlockTape,
  dy: Float64Array,
): Float64Array {
  const block = operationsOf(context, layer);
  const { heads, kvHeads } = context.shape;
  const { x, normed1, rawQ, rawK, q, k, v, attended, x1, normed2, gate, up, activated } = tape;
  const { dGate, dUp } = gatedBackward({
    ...{ kind: 'silu', gate, up },
    dy: block.projectBackward('mlp.down_proj', activated, dy),
  });
  const dNormed2 = add(
    block.projectBackward('mlp.gate_proj', normed2, dGate),
    block.projectBackward('mlp.up_proj', normed2, dUp),
  );
  const dx1 = add(dy, block.normBackward('post_attention_layernorm', x1, dNormed2));
  const dOut = block.projectBackward('self_attn.o_proj', attended, dx1);
  const { dq, dk, dv } = attentionBackward({ q, k, v, dOut, ...block.attention });
  const dRawQ = block.placeBackward('self_attn.q_norm', rawQ, dq, heads);
  const dRawK = block.placeBackward('self_attn.k_norm', rawK, dk, kvHeads);
  const dNormed1 = add(
    block.projectBackward('self_attn.q_proj', normed1, dRawQ),
    block.projectBackward('self_attn.k_proj', normed1, dRawK),
    block.projectBackward('self_attn.v_proj', normed1, dv),
  );
  return add(dx1, block.normBackward('input_layernorm', x, dNormed1));
}
