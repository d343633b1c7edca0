/**
 * The tensors of a LoRA adapter, matched to the linear layers of a model. Every layer that the config names must have
 * its A [rank, inputs] and B [outputs, rank], and there must be nothing else: an adapter that is applied in part gives
 * plausible and worthless attributions.
 */
import { quoteName } from '../safetensors.ts';
import type { TensorInfo } from '../tensor-files.ts';
import type { ModelConfig } from '../model-config.ts';
import type { LoraConfig } from './adapter-config.ts';
import { loraInvalid, loraUnsupported } from './lora-error.ts';
import { linearModules, NOT_ADAPTED, targetedModules, type LinearModule } from './targets.ts';

export interface NamedTensorInfo {
  readonly name: string;
  readonly info: TensorInfo;
}

/** A linear layer and its two factors. */
export interface AdaptedModule extends LinearModule {
  readonly a: NamedTensorInfo;
  readonly b: NamedTensorInfo;
}

/** A factor is held as float32 as a whole: 1 GiB, some ten times that of the largest published ones. */
const MAX_FACTOR_ELEMENTS = 1 << 28;

const PREFIX = 'base_model.model.';
const SUFFIXES = { a: '.lora_A.weight', b: '.lora_B.weight' } as const;

/** Endings of tensors that peft writes for what is not implemented here. */
const NOT_IMPLEMENTED: readonly (readonly [ending: string, what: string])[] = [
  ['.lora_embedding_A', 'an embedding LoRA'],
  ['.lora_embedding_B', 'an embedding LoRA'],
  ['.lora_magnitude_vector', 'DoRA'],
  ['.lora_magnitude_vector.weight', 'DoRA'],
  ['.lora_A.bias', 'a bias of a factor'],
  ['.lora_B.bias', 'a bias of a factor'],
];

/** By the name of the weight that is adapted, such as `model.layers.0.self_attn.q_proj.weight`. */
export function matchAdapterTensors(
  model: ModelConfig,
  lora: LoraConfig,
  found: ReadonlyMap<string, TensorInfo>,
): Map<string, AdaptedModule> {
  const modules = linearModules(model);
  const expected = targetedModules(modules, lora);
  const byName = new Map((expected ?? modules).map((module) => [module.name, module]));
  for (const name of found.keys()) {
    if (moduleOf(name, byName) === undefined) throw noPlace(name, modules);
  }
  const adapted = new Map<string, AdaptedModule>();
  for (const module of expected ?? modules) {
    const a = factor(module, 'a', lora.rank, found);
    const b = factor(module, 'b', lora.rank, found);
    if (a !== undefined && b !== undefined) {
      adapted.set(`${module.name}.weight`, { ...module, a, b });
      continue;
    }
    const missing = tensorName(module, a === undefined ? 'a' : 'b');
    if (expected !== null) {
      throw loraInvalid(
        `target_modules names ${quoteName(module.name)}, but ${quoteName(missing)} is missing`,
      );
    }
    if (a !== undefined || b !== undefined)
      throw loraInvalid(`one factor of two, ${quoteName(missing)}, is missing`);
  }
  if (adapted.size === 0) throw loraInvalid('it adapts no module of the model');
  return adapted;
}

/** What peft calls a factor in its files. */
export function tensorName({ name }: Pick<LinearModule, 'name'>, which: 'a' | 'b'): string {
  return `${PREFIX}${name}${SUFFIXES[which]}`;
}

function factor(
  module: LinearModule,
  which: 'a' | 'b',
  rank: number,
  found: ReadonlyMap<string, TensorInfo>,
): NamedTensorInfo | undefined {
  const name = tensorName(module, which);
  const info = found.get(name);
  if (info === undefined) return undefined;
  const shape = which === 'a' ? [rank, module.inputs] : [module.outputs, rank];
  if (info.shape.length === 2 && info.shape.every((size, i) => size === shape[i])) {
    if ((shape[0] ?? 0) * (shape[1] ?? 0) <= MAX_FACTOR_ELEMENTS) return { name, info };
    throw loraUnsupported(`the tensor ${quoteName(name)} has more than ${MAX_FACTOR_ELEMENTS} elements`);
  }
  throw loraInvalid(
    `the tensor ${quoteName(name)} has shape [${info.shape.join(', ')}], but rank and model make it [${shape.join(', ')}]`,
  );
}

function moduleOf(tensor: string, byName: ReadonlyMap<string, LinearModule>): LinearModule | undefined {
  if (!tensor.startsWith(PREFIX)) return undefined;
  const suffix = Object.values(SUFFIXES).find((ending) => tensor.endsWith(ending));
  return suffix === undefined ? undefined : byName.get(tensor.slice(PREFIX.length, -suffix.length));
}

/** Says why a tensor is refused, as precisely as its name allows. */
function noPlace(tensor: string, modules: readonly LinearModule[]): Error {
  const label = quoteName(tensor);
  for (const [ending, what] of NOT_IMPLEMENTED) {
    if (tensor.endsWith(ending))
      return loraUnsupported(`the tensor ${label} belongs to ${what}, which is not implemented`);
  }
  if (NOT_ADAPTED.some((module) => tensor.startsWith(`${PREFIX}${module}.`))) {
    return loraUnsupported(
      `the tensor ${label} is for the embedding or the output head, which are not adapted`,
    );
  }
  if (moduleOf(tensor, new Map(modules.map((module) => [module.name, module]))) !== undefined) {
    return loraInvalid(`the tensor ${label} is for a module that adapter_config.json does not name`);
  }
  return loraInvalid(`the tensor ${label} is for no linear layer of the model`);
}
