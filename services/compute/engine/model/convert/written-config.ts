/**
 * The config.json of a written model: the one that lies beside its weights, with the precision that is written; or, for a
 * GGUF file without one, made from what its metadata say. Whatever is written is read back and must be the config that the
 * model runs by: a folder that computes something else is never made.
 */
import { ReptraceError } from '../../../../../lib/errors.ts';
import type { DType } from '../dtype.ts';
import { parseModelConfig, type ModelConfig } from '../model-config.ts';
import { torchName } from './output-dtype.ts';

type Json = Readonly<Record<string, unknown>>;

/** @param original config.json as it lies beside the weights. Throws CONFIG_UNSUPPORTED where there is none and none can be made. */
export function writtenConfig(config: ModelConfig, original: Json | undefined, dtype: DType): Json {
  // Both spellings may be there: one is kept, the one that every version of transformers reads.
  const { dtype: _newer, torch_dtype: _older, ...rest } = original ?? llamaConfig(config);
  const written = {
    ...rest,
    tie_word_embeddings: config.tieEmbeddings,
    torch_dtype: torchName(dtype),
  };
  if (whatCounts(parseModelConfig(written)) === whatCounts(config)) return written;
  throw new ReptraceError(
    'CONFIG_UNSUPPORTED',
    original === undefined
      ? `A config.json cannot be made for this ${config.family} model: it has settings that are not written yet.`
      : 'The config.json beside the model does not say what the model is run by.',
    'Put the config.json of the model that the GGUF file was made from beside it, and convert again.',
  );
}

/** In the words of a Llama; a family that needs others does not read back as itself. */
function llamaConfig(config: ModelConfig): Json {
  const { ropeScaling, eosTokenIds } = config;
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    head_dim: config.headDim,
    hidden_act: 'silu',
    max_position_embeddings: config.maxPositions,
    rms_norm_eps: config.normEps,
    rope_theta: config.ropeTheta,
    rope_scaling: ropeScaling.kind === 'linear' ? { rope_type: 'linear', factor: ropeScaling.factor } : null,
    attention_bias: config.attentionBias,
    mlp_bias: config.mlpBias,
    bos_token_id: config.bosTokenId,
    eos_token_id: eosTokenIds.length === 1 ? eosTokenIds[0] : eosTokenIds,
    initializer_range: config.initializerRange,
  };
}

/** The stored precision is what is changed; how fresh weights are made changes nothing. */
function whatCounts(config: ModelConfig): string {
  const { dtype: _dtype, initializerRange: _range, ...rest } = config;
  return JSON.stringify(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)));
}
