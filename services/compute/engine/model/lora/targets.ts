/** Which linear layers of a model an adapter's config names, by peft's own rules. */
import type { ModelConfig } from '../model-config.ts';
import { modelTensors } from '../model-tensors.ts';
import { quoteName } from '../safetensors.ts';
import type { LoraConfig } from './adapter-config.ts';
import { loraInvalid, loraUnsupported } from './lora-error.ts';

/** A linear layer of a block. Its weight is the tensor `${name}.weight`, [outputs, inputs] unless it is transposed. */
export interface LinearModule {
  /** `model.layers.0.self_attn.q_proj` */
  readonly name: string;
  readonly layer: number;
  readonly outputs: number;
  readonly inputs: number;
  /** The weight is stored [inputs, outputs] (GPT-2's Conv1D). */
  readonly transposed: boolean;
}

/** All linear layers but the output's, in the order of their computation. */
export function linearModules(config: ModelConfig): LinearModule[] {
  const modules: LinearModule[] = [];
  for (const { name, shape, kind, layer, transposed } of modelTensors(config)) {
    const [rows, columns] = shape;
    if (layer === null || kind === 'bias' || rows === undefined || columns === undefined) continue;
    const [outputs, inputs] = transposed === true ? [columns, rows] : [rows, columns];
    const module = name.slice(0, -'.weight'.length);
    modules.push({ name: module, layer, outputs, inputs, transposed: transposed === true });
  }
  return modules;
}

/** Modules that are no linear layer of a block, but that peft can adapt: embeddings and output heads, of all families. */
export const NOT_ADAPTED: readonly string[] = [
  ...['model.embed_tokens', 'lm_head'],
  ...['gpt_neox.embed_in', 'embed_out', 'transformer.wte', 'transformer.wpe'],
];

/**
 * The modules that must have tensors; null when only a pattern would tell. Throws for a name that matches nothing, be
 * it that the model has no such module or that other fields rule out all that it has.
 */
export function targetedModules(modules: readonly LinearModule[], lora: LoraConfig): LinearModule[] | null {
  const { targets, excluded, layers } = lora;
  const isExcluded = ({ name }: LinearModule): boolean => namesFor(name, excluded).length > 0;
  if (targets.kind === 'pattern') return null;
  if (targets.kind === 'all-linear') return modules.filter((module) => !isExcluded(module));

  for (const module of NOT_ADAPTED) {
    if (namesFor(module, excluded).length > 0) continue;
    const [target] = namesFor(module, targets.names);
    if (target === undefined) continue;
    throw loraUnsupported(
      `target_modules names ${quoteName(target)}: embedding and output head are not adapted`,
    );
  }
  const matched = new Set<string>();
  const targeted = modules.filter((module) => {
    if (isExcluded(module)) return false;
    const names = namesFor(module.name, targets.names);
    // As in peft, a module that is named in full is adapted whatever its block is.
    const inLayers = layers === null || layers.has(module.layer) || targets.names.has(module.name);
    if (names.length === 0 || !inLayers) return false;
    for (const name of names) matched.add(name);
    return true;
  });
  for (const target of targets.names) {
    if (!matched.has(target)) {
      throw loraInvalid(`target_modules names ${quoteName(target)}, which matches no linear layer to adapt`);
    }
  }
  for (const layer of layers ?? []) {
    if (!modules.some((module) => module.layer === layer)) {
      throw loraInvalid(`layers_to_transform names block ${layer}, which the model does not have`);
    }
  }
  return targeted;
}

/** Those of `names` that are the module's full name, or its end after a dot. */
function namesFor(module: string, names: ReadonlySet<string>): string[] {
  const found: string[] = [];
  for (let at = 0; ;) {
    const end = module.slice(at);
    if (names.has(end)) found.push(end);
    const dot = module.indexOf('.', at);
    if (dot === -1) return found;
    at = dot + 1;
  }
}
