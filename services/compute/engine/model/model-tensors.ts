/**
 * The tensors that a Llama model consists of, as plain data: names and shapes as Hugging Face writes them. The
 * loader checks a folder against this list, and the trainer writes a folder from it.
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import type { ModelConfig } from './model-config.ts';
import { quoteName } from './safetensors.ts';

export type TensorPart =
  | 'embedding'
  | 'attentionNorm'
  | 'query'
  | 'key'
  | 'value'
  | 'attentionOutput'
  | 'mlpNorm'
  | 'gate'
  | 'up'
  | 'down'
  | 'finalNorm'
  | 'head';

export interface TensorSpec {
  readonly name: string;
  /** A projection's weight is (outputs, inputs), row-major; a bias is (outputs). */
  readonly shape: readonly number[];
  readonly part: TensorPart;
  readonly kind: 'weight' | 'bias';
  /** Block number from 0; null outside the blocks. */
  readonly layer: number | null;
}

/** Every tensor of the model, in the order of its computation. */
export function modelTensors(config: ModelConfig): TensorSpec[] {
  const { vocabSize, hiddenSize, intermediateSize, heads, kvHeads, headDim, attentionBias, mlpBias } = config;
  const specs: TensorSpec[] = [];
  const add = (name: string, part: TensorPart, layer: number | null, shape: number[], bias = false): void => {
    specs.push({ name: `${name}.weight`, shape, part, kind: 'weight', layer });
    if (bias) specs.push({ name: `${name}.bias`, shape: shape.slice(0, 1), part, kind: 'bias', layer });
  };

  add('model.embed_tokens', 'embedding', null, [vocabSize, hiddenSize]);
  for (let layer = 0; layer < config.layers; layer++) {
    const block = `model.layers.${layer}`;
    add(`${block}.input_layernorm`, 'attentionNorm', layer, [hiddenSize]);
    add(`${block}.self_attn.q_proj`, 'query', layer, [heads * headDim, hiddenSize], attentionBias);
    add(`${block}.self_attn.k_proj`, 'key', layer, [kvHeads * headDim, hiddenSize], attentionBias);
    add(`${block}.self_attn.v_proj`, 'value', layer, [kvHeads * headDim, hiddenSize], attentionBias);
    add(`${block}.self_attn.o_proj`, 'attentionOutput', layer, [hiddenSize, heads * headDim], attentionBias);
    add(`${block}.post_attention_layernorm`, 'mlpNorm', layer, [hiddenSize]);
    add(`${block}.mlp.gate_proj`, 'gate', layer, [intermediateSize, hiddenSize], mlpBias);
    add(`${block}.mlp.up_proj`, 'up', layer, [intermediateSize, hiddenSize], mlpBias);
    add(`${block}.mlp.down_proj`, 'down', layer, [hiddenSize, intermediateSize], mlpBias);
  }
  add('model.norm', 'finalNorm', null, [hiddenSize]);
  if (!config.tieEmbeddings) add(HEAD, 'head', null, [vocabSize, hiddenSize]);
  return specs;
}

/**
 * Checks that `found` holds the model's tensors in their shapes, and nothing else that could matter.
 * @returns the model's tensors, without those that are there but not needed
 */
export function matchTensors<T extends { readonly shape: readonly number[] }>(
  config: ModelConfig,
  found: ReadonlyMap<string, T>,
): Map<string, T> {
  const matched = new Map<string, T>();
  for (const { name, shape } of modelTensors(config)) {
    const tensor = found.get(name);
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
  for (const [name, tensor] of found) {
    if (!matched.has(name) && !isRedundant(config, name, tensor.shape)) {
      throw invalid(
        `the tensor ${quoteName(name)} of shape ${shapeText(tensor.shape)} has no place in this model`,
      );
    }
  }
  return matched;
}

const HEAD = 'lm_head';
const ROTARY_BUFFER = /^model\.(?:layers\.\d{1,4}\.self_attn\.)?rotary_emb\.inv_freq$/;

/** What some exporters add: a copy of the tied head, and the rotary frequencies, which follow from the config. */
function isRedundant(config: ModelConfig, name: string, shape: readonly number[]): boolean {
  if (ROTARY_BUFFER.test(name)) return sameShape(shape, [config.headDim / 2]);
  return (
    config.tieEmbeddings &&
    name === `${HEAD}.weight` &&
    sameShape(shape, [config.vocabSize, config.hiddenSize])
  );
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
