/** Makes PEFT adapter folders for tests: the config that peft writes, and tensors of seeded noise. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '../lib/random.ts';
import type { DType } from '../services/compute/engine/model/dtype.ts';
import { writeSafetensors } from '../services/compute/engine/model/safetensors-writer.ts';

export interface AdapterTensor {
  readonly shape: readonly number[];
  readonly dtype?: DType;
  readonly data: Float32Array;
}

export type AdapterTensors = Record<string, AdapterTensor>;

export const ADAPTER_CONFIG = {
  ...{ alpha_pattern: {}, auto_mapping: null, base_model_name_or_path: 'base', bias: 'none' },
  ...{ exclude_modules: null, fan_in_fan_out: false, inference_mode: true, init_lora_weights: true },
  ...{ layers_pattern: null, layers_to_transform: null, loftq_config: {}, lora_alpha: 6, lora_dropout: 0.1 },
  ...{ megatron_core: 'megatron.core', modules_to_save: null, peft_type: 'LORA', r: 2, rank_pattern: {} },
  ...{ target_modules: ['q_proj'], task_type: 'CAUSAL_LM', use_dora: false, use_rslora: false },
};

export function noise(size: number, seed: number, scale = 1): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: size }, () => ((random.int(2001) - 1000) / 1000) * scale);
}

/** The two factors of one module. */
export function factors(
  module: string,
  outputs: number,
  inputs: number,
  rank = 2,
  seed = 1,
  scale = 1,
): AdapterTensors {
  const name = `base_model.model.${module}`;
  return {
    [`${name}.lora_A.weight`]: { shape: [rank, inputs], data: noise(rank * inputs, seed, scale) },
    [`${name}.lora_B.weight`]: { shape: [outputs, rank], data: noise(outputs * rank, seed + 1, scale) },
  };
}

/** @param config what differs from ADAPTER_CONFIG */
export async function writeAdapter(dir: string, config: object, tensors: AdapterTensors): Promise<string> {
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'adapter_config.json'), JSON.stringify({ ...ADAPTER_CONFIG, ...config }));
  const list = Object.entries(tensors).map(([name, { shape, dtype = 'F32', data }]) => {
    return { name, dtype, shape, data };
  });
  await writeSafetensors(join(dir, 'adapter_model.safetensors'), list);
  return dir;
}
