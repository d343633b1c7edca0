/** The names that most families take from Llama: `model.layers.N.self_attn.q_proj` and the like. */
import type { ModelConfig } from '../model-config.ts';
import { TensorList, type TensorSpec } from './family.ts';

/** What differs between families that share the names. */
export interface LlamaNames {
  /** Query, key and value in one tensor `qkv_proj`, gate and up in one `gate_up_proj`. */
  readonly fused?: boolean;
  /** The norm before the feed-forward, and those after either half; null for none. */
  readonly mlpNorm: string | null;
  readonly attentionPostNorm: string | null;
  readonly mlpPostNorm: string | null;
}

export const LLAMA_NAMES: LlamaNames = {
  mlpNorm: 'post_attention_layernorm',
  attentionPostNorm: null,
  mlpPostNorm: null,
};

export const HEAD = 'lm_head';

export function llamaTensors(config: ModelConfig, names: LlamaNames = LLAMA_NAMES): TensorSpec[] {
  const { vocabSize, hiddenSize, intermediateSize, heads, kvHeads, headDim } = config;
  const { attentionBias: bias, attentionOutputBias, mlpBias } = config;
  const queries = heads * headDim;
  const keys = kvHeads * headDim;
  const list = new TensorList();
  list.add('model.embed_tokens', 'embedding', null, [vocabSize, hiddenSize]);
  for (let layer = 0; layer < config.layers; layer++) {
    const block = `model.layers.${layer}`;
    const attention = `${block}.self_attn`;
    const norm = (name: string | null, part: TensorSpec['part']): void => {
      if (name !== null) list.add(`${block}.${name}`, part, layer, [hiddenSize]);
    };
    norm(config.blockNorms === 'after' ? null : 'input_layernorm', 'attentionNorm');
    if (names.fused === true) {
      list.add(`${attention}.qkv_proj`, 'queryKeyValue', layer, [queries + 2 * keys, hiddenSize], { bias });
    } else {
      list.add(`${attention}.q_proj`, 'query', layer, [queries, hiddenSize], { bias });
      list.add(`${attention}.k_proj`, 'key', layer, [keys, hiddenSize], { bias });
      list.add(`${attention}.v_proj`, 'value', layer, [keys, hiddenSize], { bias });
    }
    if (config.queryKeyNorm !== 'none') {
      const perHead = config.queryKeyNorm === 'head';
      list.add(`${attention}.q_norm`, 'queryNorm', layer, [perHead ? headDim : queries]);
      list.add(`${attention}.k_norm`, 'keyNorm', layer, [perHead ? headDim : keys]);
    }
    const output = { bias: attentionOutputBias };
    list.add(`${attention}.o_proj`, 'attentionOutput', layer, [hiddenSize, queries], output);
    norm(names.attentionPostNorm, 'attentionPostNorm');
    norm(names.mlpNorm, 'mlpNorm');
    if (names.fused === true) {
      list.add(`${block}.mlp.gate_up_proj`, 'gateUp', layer, [2 * intermediateSize, hiddenSize]);
    } else {
      list.add(`${block}.mlp.gate_proj`, 'gate', layer, [intermediateSize, hiddenSize], { bias: mlpBias });
      list.add(`${block}.mlp.up_proj`, 'up', layer, [intermediateSize, hiddenSize], { bias: mlpBias });
    }
    list.add(`${block}.mlp.down_proj`, 'down', layer, [hiddenSize, intermediateSize], { bias: mlpBias });
    norm(names.mlpPostNorm, 'mlpPostNorm');
  }
  list.add('model.norm', 'finalNorm', null, [hiddenSize]);
  if (!config.tieEmbeddings) list.add(HEAD, 'head', null, [vocabSize, hiddenSize]);
  return list.specs;
}

const ROTARY_BUFFER = /^model\.(?:layers\.\d{1,4}\.self_attn\.)?rotary_emb\.inv_freq$/;

/** What some exporters add: a copy of the tied head, and the rotary frequencies, which follow from the config. */
export function isRedundantInLlama(name: string, shape: readonly number[], config: ModelConfig): boolean {
  if (ROTARY_BUFFER.test(name))
    return shape.length === 1 && shape[0] === Math.ceil((config.rotaryDim ?? 0) / 2);
  return isTiedCopy(name, shape, config, `${HEAD}.weight`);
}

/** A tied head's copy: right only in the embedding's shape. */
export function isTiedCopy(
  name: string,
  shape: readonly number[],
  { tieEmbeddings, vocabSize, hiddenSize }: ModelConfig,
  head: string,
): boolean {
  return (
    tieEmbeddings && name === head && shape.length === 2 && shape[0] === vocabSize && shape[1] === hiddenSize
  );
}
