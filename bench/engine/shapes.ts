/** Shapes of models that benchmarks fill with fresh weights: configs as their checkpoints have them. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { ModelShape } from '../../services/compute/engine/attribution/memory-plan.ts';
import { modelTensors } from '../../services/compute/engine/model/model-tensors.ts';
import { parseModelConfig, type ModelConfig } from '../../services/compute/engine/model/model-config.ts';

/** Relative to the repository root, from which benchmarks run. */
export const DEMO_SHAPE = 'demo/init/config.json';

type Fields = Readonly<Record<string, unknown>>;

/** HuggingFaceTB/SmolLM2-135M. */
const SMOLLM2: Fields = {
  model_type: 'llama',
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: 30,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  head_dim: 64,
  vocab_size: 49152,
  max_position_embeddings: 8192,
  rms_norm_eps: 1e-5,
  rope_theta: 100000,
  tie_word_embeddings: true,
  torch_dtype: 'bfloat16',
};

/** TinyLlama/TinyLlama-1.1B-Chat-v1.0. */
const TINYLLAMA: Fields = {
  model_type: 'llama',
  hidden_size: 2048,
  intermediate_size: 5632,
  num_hidden_layers: 22,
  num_attention_heads: 32,
  num_key_value_heads: 4,
  head_dim: 64,
  vocab_size: 32000,
  max_position_embeddings: 2048,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: false,
  torch_dtype: 'bfloat16',
};

/** Each with the fields of config.json that are to be others. */
export function smollm2Shape(changes: Fields = {}): ModelConfig {
  return parseModelConfig({ ...SMOLLM2, ...changes });
}

export function tinyLlamaShape(changes: Fields = {}): ModelConfig {
  return parseModelConfig({ ...TINYLLAMA, ...changes });
}

/** What a checkpoint of such a model would hold, all in its one precision. */
export function modelShape(config: ModelConfig): ModelShape {
  const dtype = config.dtype ?? 'F32';
  const tensors = modelTensors(config).map(({ name, shape }) => [name, { dtype, shape }] as const);
  return { config, tensors: new Map(tensors) };
}

/** Undefined where the demo is not here. */
export async function demoShape(changes: Fields = {}): Promise<ModelConfig | undefined> {
  if (!existsSync(DEMO_SHAPE)) return undefined;
  const fields = JSON.parse(await readFile(DEMO_SHAPE, 'utf8')) as Fields;
  return parseModelConfig({ ...fields, ...changes });
}
