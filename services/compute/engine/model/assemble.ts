/** Puts a model's weights together from wherever its tensors are: a folder on its way to the GPU, or a trainer. */
import type { ModelConfig } from './model-config.ts';
import type { BlockWeights, ModelWeights, Norm, Projection, ProjectionPart } from './weights.ts';
import type { Tensor } from '../device/tensor.ts';

export interface WeightSource {
  /** The parts of a linear layer, in the order of its rows; `name` as in the checkpoint, without `.weight`. */
  projection(name: string, outputs: number, inputs: number, bias: boolean): readonly ProjectionPart[];
  /** A vector in float32; `name` with its `.weight`. */
  vector(name: string, size: number): Tensor;
}

export function assembleWeights(config: ModelConfig, source: WeightSource): ModelWeights {
  const { hiddenSize, intermediateSize, heads, kvHeads, headDim, vocabSize } = config;
  const linear = (name: string, outputs: number, inputs: number, bias: boolean): Projection => ({
    name,
    parts: source.projection(name, outputs, inputs, bias),
    inputs,
    outputs,
  });
  const norm = (name: string): Norm => ({ name, weight: source.vector(`${name}.weight`, hiddenSize) });
  const blocks = Array.from({ length: config.layers }, (_, layer): BlockWeights => {
    const at = `model.layers.${layer}`;
    const bias = config.attentionBias;
    return {
      inputNorm: norm(`${at}.input_layernorm`),
      q: linear(`${at}.self_attn.q_proj`, heads * headDim, hiddenSize, bias),
      k: linear(`${at}.self_attn.k_proj`, kvHeads * headDim, hiddenSize, bias),
      v: linear(`${at}.self_attn.v_proj`, kvHeads * headDim, hiddenSize, bias),
      o: linear(`${at}.self_attn.o_proj`, hiddenSize, heads * headDim, bias),
      postNorm: norm(`${at}.post_attention_layernorm`),
      gate: linear(`${at}.mlp.gate_proj`, intermediateSize, hiddenSize, config.mlpBias),
      up: linear(`${at}.mlp.up_proj`, intermediateSize, hiddenSize, config.mlpBias),
      down: linear(`${at}.mlp.down_proj`, hiddenSize, intermediateSize, config.mlpBias),
    };
  });
  const embedding = linear('model.embed_tokens', vocabSize, hiddenSize, false);
  return {
    embedding,
    blocks,
    norm: norm('model.norm'),
    head: config.tieEmbeddings ? embedding : linear('lm_head', vocabSize, hiddenSize, false),
  };
}
