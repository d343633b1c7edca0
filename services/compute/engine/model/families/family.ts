/**
 * What a family of models is to the engine: how its config.json is read, and which tensors its checkpoints hold. What is
 * computed follows from the config alone (block.ts); a family has no code of its own there.
 */
import type { Fields } from '../config-fields.ts';
import type { ModelConfig } from '../model-config.ts';

export type FamilyName =
  'llama' | 'mistral' | 'qwen2' | 'qwen3' | 'olmo2' | 'gemma2' | 'phi3' | 'gpt_neox' | 'gpt2';

export interface Family {
  /** config.json's model_type. */
  readonly name: FamilyName;
  /** The one class of config.json's architectures. */
  readonly architecture: string;
  /** Whether `reptrace train` has the weight gradients of all its parts. */
  readonly trains: boolean;
  parse(fields: Fields): ModelConfig;
  /** Every tensor of the model, in the order of its computation. */
  tensors(config: ModelConfig): TensorSpec[];
  /** The name of tensors() for a name as some exporters write it. */
  canonicalName?(name: string): string;
  /** Tensors that some exporters add and that follow from the config: causal masks, rotary frequencies. */
  isRedundant(name: string, shape: readonly number[], config: ModelConfig): boolean;
}

export type TensorPart =
  | 'embedding'
  | 'positions'
  | 'attentionNorm'
  | 'query'
  | 'key'
  | 'value'
  /** query, key and value in one tensor, one after the other */
  | 'queryKeyValue'
  /** the same, head by head: a head's query, key and value follow each other */
  | 'queryKeyValueByHead'
  | 'queryNorm'
  | 'keyNorm'
  | 'attentionOutput'
  | 'attentionPostNorm'
  | 'mlpNorm'
  | 'gate'
  | 'up'
  /** gate and up in one tensor, one after the other */
  | 'gateUp'
  | 'down'
  | 'mlpPostNorm'
  | 'finalNorm'
  | 'head';

export interface TensorSpec {
  /** As Hugging Face writes it, ending in `.weight` or `.bias`. */
  readonly name: string;
  /** A projection's weight is (outputs, inputs), row-major; a bias is (outputs). */
  readonly shape: readonly number[];
  readonly part: TensorPart;
  readonly kind: 'weight' | 'bias';
  /** Block number from 0; null outside the blocks. */
  readonly layer: number | null;
  /** The stored matrix is (inputs, outputs), as GPT-2's Conv1D has it; `shape` is what is stored. */
  readonly transposed?: true;
}

/** Collects specs: a weight and, where there is one, its bias. */
export class TensorList {
  readonly specs: TensorSpec[] = [];

  /** @param outputs rows of the projection @param inputs undefined for a vector */
  add(
    name: string,
    part: TensorPart,
    layer: number | null,
    [outputs, inputs]: readonly [outputs: number, inputs?: number],
    { bias = false, transposed = false }: { readonly bias?: boolean; readonly transposed?: boolean } = {},
  ): void {
    const shape = inputs === undefined ? [outputs] : transposed ? [inputs, outputs] : [outputs, inputs];
    const stored = transposed ? { transposed: true as const } : {};
    this.specs.push({ name: `${name}.weight`, shape, part, kind: 'weight', layer, ...stored });
    if (bias) this.specs.push({ name: `${name}.bias`, shape: [outputs], part, kind: 'bias', layer });
  }
}
