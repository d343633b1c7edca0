/**
 * Writes a trained adapter as a PEFT folder: adapter_config.json, adapter_model.safetensors, and manifest.json, which says
 * how it was made. peft and our own openAdapter read it.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DType } from '../../model/dtype.ts';
import type { ModelConfig } from '../../model/model-config.ts';
import { writeSafetensors } from '../../model/safetensors-writer.ts';
import type { Trainer } from '../trainer.ts';
import { adaptedModules, ALL_LINEAR, shortNames, type LoraTrainingSettings } from './settings.ts';

export interface AdapterExport {
  readonly out: string;
  /** Of the base. */
  readonly config: ModelConfig;
  /** What the base is called, for whoever looks for it. */
  readonly baseName: string | undefined;
  readonly settings: LoraTrainingSettings;
  readonly dtype: DType;
  readonly manifest: unknown;
}

export async function exportAdapter(trainer: Trainer, options: AdapterExport): Promise<void> {
  const { out, dtype, manifest } = options;
  await mkdir(out, { recursive: true });
  const tensors = trainer.parameters.stored((tensor) => trainer.read(tensor));
  await writeSafetensors(
    join(out, 'adapter_model.safetensors'),
    tensors.map((tensor) => ({ ...tensor, dtype })),
  );
  await writeFile(join(out, 'adapter_config.json'), `${JSON.stringify(peftConfig(options), undefined, 2)}\n`);
  await writeFile(join(out, 'manifest.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

function peftConfig({ config, baseName, settings }: AdapterExport): unknown {
  const { rank, alpha, dropout, rslora, targets } = settings;
  const modules = adaptedModules(config, settings);
  return {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: baseName ?? null,
    inference_mode: true,
    r: rank,
    lora_alpha: alpha,
    lora_dropout: dropout,
    use_rslora: rslora,
    // peft, too, writes the names that it found.
    target_modules: targets === ALL_LINEAR ? shortNames(modules) : targets,
    fan_in_fan_out: modules.every(({ transposed }) => transposed),
    bias: 'none',
    init_lora_weights: true,
    modules_to_save: null,
  };
}
