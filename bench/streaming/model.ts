/** The model that streaming is measured with: many narrow blocks with fresh weights, so that few are much of the whole. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseModelConfig } from '../../services/compute/engine/model/model-config.ts';
import { openModelFolder, type ModelFolder } from '../../services/compute/engine/model/model-folder.ts';
import { modelTensors } from '../../services/compute/engine/model/model-tensors.ts';
import { writeSafetensors } from '../../services/compute/engine/model/safetensors-writer.ts';
import { fromSeed } from '../../services/compute/engine/training/initial-weights.ts';

/** Half of SmolLM2-135M's widths, 24 blocks, float32: twice the bytes to read for the same work as in two-byte weights. */
const CONFIG = {
  ...{ model_type: 'llama', hidden_size: 288, intermediate_size: 768, num_hidden_layers: 24 },
  ...{ num_attention_heads: 9, num_key_value_heads: 3, head_dim: 32, vocab_size: 4096 },
  ...{ max_position_embeddings: 2048, rms_norm_eps: 1e-5, rope_theta: 100_000, tie_word_embeddings: true },
  torch_dtype: 'float32',
};
const SEED = 1;

/** Writes it into an empty folder. */
export async function writeBenchModel(folder: string): Promise<ModelFolder> {
  const config = parseModelConfig(CONFIG);
  const initial = fromSeed(config, SEED);
  const tensors = modelTensors(config).map((spec) => ({
    ...{ name: spec.name, dtype: 'F32' as const, shape: spec.shape },
    data: () => initial(spec),
  }));
  await writeFile(join(folder, 'config.json'), JSON.stringify(CONFIG));
  await writeSafetensors(join(folder, 'model.safetensors'), tensors);
  return openModelFolder(folder);
}
