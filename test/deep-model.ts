/** Makes model folders for tests: a small model with its blocks repeated, so that no block is much of the whole. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeFloats } from '../services/compute/engine/model/dtype.ts';
import { openModelFolder } from '../services/compute/engine/model/model-folder.ts';
import { parseModelConfig } from '../services/compute/engine/model/model-config.ts';
import { modelTensors } from '../services/compute/engine/model/model-tensors.ts';
import { writeSafetensors } from '../services/compute/engine/model/safetensors-writer.ts';

/** @param from a model folder whose first tensors of a block are named with its number between dots */
export async function writeDeepModel(dir: string, from: string, layers: number): Promise<string> {
  const source = await openModelFolder(from);
  const json = JSON.parse(await readFile(join(from, 'config.json'), 'utf8')) as Record<string, unknown>;
  const kinds = json['layer_types'];
  const deeper = {
    ...json,
    ...('n_layer' in json ? { n_layer: layers } : { num_hidden_layers: layers }),
    ...(Array.isArray(kinds)
      ? { layer_types: Array.from({ length: layers }, (_, layer): unknown => kinds[layer % kinds.length]) }
      : {}),
  };
  const tensors = [];
  for (const { name, shape, layer } of modelTensors(parseModelConfig(deeper))) {
    const old = layer === null ? name : name.replace(`.${layer}.`, `.${layer % source.config.layers}.`);
    const dtype = source.tensors.get(old)?.dtype ?? 'F32';
    tensors.push({ name, dtype, shape, data: decodeFloats(dtype, await source.readTensor(old)) });
  }
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'config.json'), JSON.stringify(deeper));
  await writeSafetensors(join(dir, 'model.safetensors'), tensors);
  return dir;
}
