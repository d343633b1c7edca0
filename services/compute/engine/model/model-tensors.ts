/**
 * The tensors that a model consists of, as plain data: names and shapes as Hugging Face writes them. The loader checks a
 * folder against this list, and the trainer writes a folder from it.
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import { familyOf } from './families/families.ts';
import type { TensorSpec } from './families/family.ts';
import type { ModelConfig } from './model-config.ts';
import { quoteName } from './safetensors.ts';

export type { TensorSpec } from './families/family.ts';

/** Every tensor of the model, in the order of its computation. */
export function modelTensors(config: ModelConfig): TensorSpec[] {
  return familyOf(config).tensors(config);
}

/**
 * Checks that `found` holds the model's tensors in their shapes, and nothing else that could matter.
 * @returns the model's tensors by their names in modelTensors, without those that are there but not needed
 */
export function matchTensors<T extends { readonly shape: readonly number[] }>(
  config: ModelConfig,
  found: ReadonlyMap<string, T>,
): Map<string, T> {
  const family = familyOf(config);
  const named = new Map([...found].map(([name, tensor]) => [family.canonicalName?.(name) ?? name, tensor]));
  if (named.size !== found.size) throw invalid('a tensor is there twice, with and without a prefix');
  const matched = new Map<string, T>();
  for (const { name, shape } of family.tensors(config)) {
    const tensor = named.get(name);
    if (tensor === undefined) {
      throw invalid(`the tensor ${quoteName(name)} of shape ${shapeText(shape)} is missing`);
    }
    if (!sameShape(tensor.shape, shape)) {
      throw invalid(
        `the tensor ${quoteName(name)} has shape ${shapeText(tensor.shape)}, but the config makes it ${shapeText(shape)}`,
      );
    }
    matched.set(name, tensor);
  }
  for (const [name, tensor] of named) {
    if (!matched.has(name) && !family.isRedundant(name, tensor.shape, config)) {
      throw invalid(
        `the tensor ${quoteName(name)} of shape ${shapeText(tensor.shape)} has no place in this model`,
      );
    }
  }
  return matched;
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dimension, i) => dimension === b[i]);
}

function shapeText(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

function invalid(what: string): ReptraceError {
  return new ReptraceError(
    'WEIGHTS_INVALID',
    `The weights do not fit the model's config: ${what}.`,
    'Make sure that the config and the files with weights are of the same model, and that all files are there.',
  );
}
