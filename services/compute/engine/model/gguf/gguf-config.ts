/**
 * A model's config from the metadata of a GGUF file of architecture `llama`. It is put into Hugging Face's words and
 * checked by the parser of config.json, so that the same limits hold. A key of `llama.` that is not known here is
 * refused: it may change what the model computes.
 * Keys: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md and gguf-py's constants.py.
 */
import { ReptraceError } from '../../../../../lib/errors.ts';
import { parseModelConfig, type ModelConfig } from '../model-config.ts';
import { quoteName } from '../safetensors.ts';
import type { GgufHeader } from './gguf-header.ts';
import type { GgufValue } from './gguf-values.ts';

type Metadata = ReadonlyMap<string, GgufValue>;

const PREFIX = 'llama.';

/** Keys that are read below. */
const READ = new Set([
  'attention.head_count',
  'attention.head_count_kv',
  'attention.key_length',
  'attention.layer_norm_rms_epsilon',
  'attention.value_length',
  'block_count',
  'context_length',
  'embedding_length',
  'feed_forward_length',
  'rope.dimension_count',
  'rope.freq_base',
  'rope.scale_linear',
  'rope.scaling.factor',
  'rope.scaling.type',
  'vocab_size',
]);
/** What some files say without it changing anything, and the values that say "off". */
const NEUTRAL: Readonly<Record<string, readonly GgufValue[] | 'any'>> = {
  'attention.causal': [true],
  'attention.sliding_window': [0],
  expert_count: [0],
  expert_used_count: [0],
  'rope.scaling.attn_factor': [1],
  'rope.scaling.finetuned': 'any',
  'rope.scaling.original_context_length': 'any',
  use_parallel_residual: [false],
};

/** What llama.cpp writes for a special token that there is not. */
const NO_TOKEN = 0xffffffff;

export function ggufConfig(file: string, { metadata, tensors }: GgufHeader): ModelConfig {
  refuseOthers(file, metadata);
  const number = (key: string): number | undefined => numberAt(file, metadata, key);
  const embedding = tensors.get('token_embd.weight');
  // The embedding says how many tokens there are; the key is optional, and then checked against it.
  const vocabulary = number('llama.vocab_size') ?? embedding?.shape[0];
  const headDim = number('llama.attention.key_length') ?? number('llama.rope.dimension_count');
  for (const key of ['llama.attention.value_length', 'llama.rope.dimension_count']) {
    const other = number(key);
    if (headDim !== undefined && other !== undefined && other !== headDim) {
      throw unsupported(file, `${key} ${other} beside heads of ${headDim} dimensions`);
    }
  }
  const end = [number('tokenizer.ggml.eos_token_id'), number('tokenizer.ggml.eot_token_id')].filter(isToken);
  const begin = number('tokenizer.ggml.bos_token_id');
  const raw = {
    model_type: 'llama',
    architectures: ['LlamaForCausalLM'],
    hidden_act: 'silu',
    vocab_size: vocabulary,
    hidden_size: number('llama.embedding_length'),
    intermediate_size: number('llama.feed_forward_length'),
    num_hidden_layers: number('llama.block_count'),
    num_attention_heads: number('llama.attention.head_count'),
    num_key_value_heads: number('llama.attention.head_count_kv'),
    head_dim: headDim,
    max_position_embeddings: number('llama.context_length'),
    rms_norm_eps: required(file, 'llama.attention.layer_norm_rms_epsilon', number),
    rope_theta: number('llama.rope.freq_base'),
    rope_scaling: ropeScaling(file, metadata, number),
    tie_word_embeddings: !tensors.has('output.weight'),
    attention_bias: tensors.has('blk.0.attn_q.bias'),
    mlp_bias: tensors.has('blk.0.ffn_gate.bias'),
    bos_token_id: isToken(begin) ? begin : undefined,
    eos_token_id: [...new Set(end)],
  };
  try {
    return parseModelConfig(raw);
  } catch (error) {
    if (!(error instanceof ReptraceError)) throw error;
    const what = error.message.replace(/^config\.json: /, '');
    const remedy = 'Download or convert the file again, or use another model.';
    throw new ReptraceError(error.code, `The metadata of ${file}, as a config: ${what}`, remedy, {
      cause: error,
    });
  }
}

function refuseOthers(file: string, metadata: Metadata): void {
  const architecture = metadata.get('general.architecture');
  if (architecture !== 'llama') throw unsupported(file, `general.architecture ${shown(architecture)}`);
  const parts = metadata.get('split.count') ?? 0;
  if (parts !== 0 && parts !== 1) throw unsupported(file, `a model split into ${shown(parts)} files`);
  for (const [key, value] of metadata) {
    if (!key.startsWith(PREFIX)) continue;
    const name = key.slice(PREFIX.length);
    if (READ.has(name)) continue;
    const neutral = Object.hasOwn(NEUTRAL, name) ? NEUTRAL[name] : undefined;
    if (neutral === 'any' || neutral?.includes(value) === true) continue;
    throw unsupported(file, `${quoteName(key)} ${shown(value)}`);
  }
}

/** llama.cpp takes a factor without a type for linear scaling, and 0 for none. */
function ropeScaling(
  file: string,
  metadata: Metadata,
  number: (key: string) => number | undefined,
): { rope_type: string; factor: number } | undefined {
  const type = metadata.get('llama.rope.scaling.type') ?? 'linear';
  if (type !== 'none' && type !== 'linear') throw unsupported(file, `llama.rope.scaling.type ${shown(type)}`);
  const factor = number('llama.rope.scaling.factor') ?? number('llama.rope.scale_linear') ?? 0;
  return type === 'none' || factor === 0 || factor === 1 ? undefined : { rope_type: 'linear', factor };
}

/**
 * A number as it was meant: a float32 that was once written as a short decimal (1e-5) is that decimal again, as
 * config.json has it.
 */
function numberAt(file: string, metadata: Metadata, key: string): number | undefined {
  const value = metadata.get(key);
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value)) throw unsupported(file, `${key} ${shown(value)}`);
  if (Number.isInteger(value) || Math.fround(value) !== value) return value;
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

function required(file: string, key: string, number: (key: string) => number | undefined): number {
  const value = number(key);
  if (value !== undefined) return value;
  throw new ReptraceError(
    'CONFIG_INVALID',
    `The metadata of ${file} has no ${key}.`,
    'Convert the model to GGUF again, with a current converter.',
  );
}

function isToken(id: number | undefined): id is number {
  return id !== undefined && id !== NO_TOKEN;
}

function shown(value: GgufValue | undefined): string {
  if (value === undefined) return '(absent)';
  if (typeof value === 'object') return `(${value.length} values)`;
  return typeof value === 'string' ? quoteName(value) : value.toString();
}

function unsupported(file: string, what: string): ReptraceError {
  return new ReptraceError(
    'CONFIG_UNSUPPORTED',
    `${file}: ${what} is not implemented.`,
    'Implemented are whole Llama models ("llama") with plain or linearly scaled rotary embeddings.',
  );
}
