/**
 * What llama.cpp's converter makes of a Hugging Face folder, for tests: the rules of convert_hf_to_gguf.py (llama.cpp, MIT)
 * written once more, apart from what reads GGUF. Its files were compared with the converter's own, tensor by tensor and key
 * by key. Without a vocabulary.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeFloats, encodeFloats, isDType, type DType } from '../dtype.ts';
import { openModelFolder } from '../model-folder.ts';
import { f32, text, u32, type GgufParts } from './testing.ts';

type Config = Readonly<Record<string, unknown>>;
type Metadata = NonNullable<GgufParts['metadata']>[number];
type Tensors = NonNullable<GgufParts['tensors']>;

interface Rules {
  readonly architecture: string;
  /** What is replaced in a tensor's name, in this order. */
  readonly names: readonly (readonly [from: RegExp | string, to: string])[];
  readonly metadata: (config: Config) => readonly (readonly [key: string, value: unknown])[];
  /** Values as they are stored, by the Hugging Face name. */
  readonly change?: (
    values: Float32Array<ArrayBuffer>,
    name: string,
    config: Config,
  ) => Float32Array<ArrayBuffer>;
  /** The matrix of this name is turned. */
  readonly turned?: RegExp;
}

/** Numbers that the converter writes as float32, whole or not. */
const FLOAT = /epsilon|freq_base|factor|softcapping/;

const TYPES: Readonly<Record<DType, number>> = { F32: 0, F16: 1, BF16: 30 };

/**
 * The parts of the file, for writeGguf.
 * @param dtype of matrices; vectors, norms and positions are float32
 */
export async function convertedParts(folder: string, dtype: DType): Promise<GgufParts> {
  const source = await openModelFolder(folder);
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Config;
  const rules = RULES[String(config['model_type'])];
  if (rules === undefined) throw new Error('no rules for this model');
  const entries: (readonly [string, unknown])[] = [
    ['general.architecture', rules.architecture],
    ...rules.metadata(config).map(([key, value]) => [`${rules.architecture}.${key}`, value] as const),
  ];
  const tensors: Tensors[number][] = [];
  for (const [name, { dtype: stored, shape }] of source.tensors) {
    const values = decodeFloats(isDType(stored) ? stored : 'F32', await source.readTensor(name));
    const isVector = shape.length < 2 || name.endsWith('wpe.weight');
    const changed = rules.change?.(values, name, config) ?? values;
    const turned = rules.turned?.test(name) === true;
    tensors.push({
      name: rules.names.reduce((so, [from, to]) => so.replace(from, to), name),
      // GGUF has the fastest size first.
      sizes: turned ? shape : [...shape].reverse(),
      type: TYPES[isVector ? 'F32' : dtype],
      data: encodeFloats(isVector ? 'F32' : dtype, turned ? transposed(changed, shape) : changed),
    });
  }
  const factors = llama3Factors(config);
  if (factors !== undefined) {
    const data = encodeFloats('F32', factors);
    tensors.unshift({ name: 'rope_freqs.weight', sizes: [factors.length], type: TYPES.F32, data });
  }
  return {
    metadata: entries.flatMap(([key, value]) => (value === undefined ? [] : [entry(key, value)])),
    tensors,
  };
}

/** A metadata entry in the type that the converter gives it. */
export function entry(key: string, value: unknown): Metadata {
  if (typeof value === 'string') return { key, as: 8, value: text(value) };
  if (typeof value === 'boolean') return { key, as: 7, value: Uint8Array.of(value ? 1 : 0) };
  if (typeof value !== 'number') throw new Error(`${key} is neither text, flag nor number`);
  if (FLOAT.test(key) || !Number.isInteger(value)) return { key, as: 6, value: f32(value) };
  return { key, as: 4, value: u32(value) };
}

/** Parts with some metadata changed, added, or (undefined) left out. */
export function withMetadata(parts: GgufParts, change: Readonly<Record<string, unknown>>): GgufParts {
  const kept = (parts.metadata ?? []).filter(({ key }) => !Object.hasOwn(change, key));
  const added = Object.entries(change).flatMap(([key, value]) =>
    value === undefined ? [] : [entry(key, value)],
  );
  return { ...parts, metadata: [...kept, ...added] };
}

const LLAMA_NAMES: Rules['names'] = [
  ['model.embed_tokens', 'token_embd'],
  ['model.norm', 'output_norm'],
  ['lm_head', 'output'],
  ['model.layers', 'blk'],
  [/self_attn\.([qkv])_proj/, 'attn_$1'],
  [/self_attn\.([qk])_norm/, 'attn_$1_norm'],
  ['self_attn.o_proj', 'attn_output'],
  ['self_attn.qkv_proj', 'attn_qkv'],
  ['mlp.gate_up_proj', 'ffn_up'],
  [/mlp\.(gate|up|down)_proj/, 'ffn_$1'],
  ['input_layernorm', 'attn_norm'],
];
const NORM_BETWEEN: Rules['names'] = [['post_attention_layernorm', 'ffn_norm']];
const NORMS_AFTER: Rules['names'] = [
  ['pre_feedforward_layernorm', 'ffn_norm'],
  ['post_attention_layernorm', 'post_attention_norm'],
  ['post_feedforward_layernorm', 'post_ffw_norm'],
];

const llama: Rules = {
  architecture: 'llama',
  names: [...LLAMA_NAMES, ...NORM_BETWEEN],
  metadata: (config) => [
    ...common(config),
    ['vocab_size', config['vocab_size']],
    ['rope.dimension_count', headDim(config)],
  ],
  change: (values, name, config) => {
    const part = /\.([qk])_proj\./.exec(name)?.[1];
    if (part === undefined) return values;
    const heads = number(config, part === 'q' ? 'num_attention_heads' : 'num_key_value_heads');
    // numpy: w.reshape(heads, 2, half, -1).swapaxes(1, 2)
    const [half, row] = [headDim(config) / 2, values.length / heads / headDim(config)];
    return reordered(values, row, (i) => {
      const [head, within] = [Math.floor(i / (2 * half)), i % (2 * half)];
      return (2 * head + (within % 2)) * half + Math.floor(within / 2);
    });
  },
};

const RULES: Readonly<Record<string, Rules>> = {
  llama,
  mistral: llama,
  qwen2: { architecture: 'qwen2', names: [...LLAMA_NAMES, ...NORM_BETWEEN], metadata: common },
  qwen3: { architecture: 'qwen3', names: [...LLAMA_NAMES, ...NORM_BETWEEN], metadata: common },
  olmo2: { architecture: 'olmo2', names: [...LLAMA_NAMES, ...NORMS_AFTER], metadata: common },
  gemma2: {
    architecture: 'gemma2',
    names: [...LLAMA_NAMES, ...NORMS_AFTER],
    metadata: (config) => [
      ...common(config).filter(([key]) => !key.startsWith('rope.')),
      ['attn_logit_softcapping', config['attn_logit_softcapping']],
      ['final_logit_softcapping', config['final_logit_softcapping']],
      ['attention.sliding_window', config['sliding_window']],
    ],
    change: (values, name) => (name.endsWith('norm.weight') ? values.map((value) => value + 1) : values),
  },
  phi3: {
    architecture: 'phi3',
    names: [...LLAMA_NAMES, ...NORM_BETWEEN],
    metadata: (config) => [
      ...common(config),
      ['rope.scaling.original_context_length', config['original_max_position_embeddings']],
      ['rope.dimension_count', headDim(config)],
      ['attention.sliding_window', config['sliding_window'] ?? 0],
    ],
  },
  gpt_neox: {
    architecture: 'gptneox',
    names: [
      ['gpt_neox.embed_in', 'token_embd'],
      ['gpt_neox.final_layer_norm', 'output_norm'],
      ['embed_out', 'output'],
      ['gpt_neox.layers', 'blk'],
      ['input_layernorm', 'attn_norm'],
      ['attention.query_key_value', 'attn_qkv'],
      ['attention.dense', 'attn_output'],
      ['post_attention_layernorm', 'ffn_norm'],
      ['mlp.dense_h_to_4h', 'ffn_up'],
      ['mlp.dense_4h_to_h', 'ffn_down'],
    ],
    metadata: (config) => [
      ...common(config).filter(([key]) => !key.startsWith('rope.') && !key.endsWith('_kv')),
      ['rope.dimension_count', Math.floor(number(rope(config), 'partial_rotary_factor') * headDim(config))],
      ['use_parallel_residual', config['use_parallel_residual']],
      ['attention.layer_norm_epsilon', config['layer_norm_eps']],
    ],
    change: (values, name, config) => {
      if (!name.includes('query_key_value')) return values;
      const [heads, size] = [number(config, 'num_attention_heads'), headDim(config)];
      // torch: qkv.reshape(heads, 3, size, -1), then the three along the second axis, one after the other
      return reordered(values, values.length / (3 * heads * size), (i) => {
        const [part, head] = [Math.floor(i / (heads * size)), Math.floor(i / size) % heads];
        return (3 * head + part) * size + (i % size);
      });
    },
  },
  gpt2: {
    architecture: 'gpt2',
    names: [
      ['transformer.wte', 'token_embd'],
      ['transformer.wpe', 'position_embd'],
      ['transformer.ln_f', 'output_norm'],
      ['transformer.h', 'blk'],
      ['ln_1', 'attn_norm'],
      ['ln_2', 'ffn_norm'],
      ['attn.c_attn', 'attn_qkv'],
      ['attn.c_proj', 'attn_output'],
      ['mlp.c_fc', 'ffn_up'],
      ['mlp.c_proj', 'ffn_down'],
    ],
    metadata: (config) => [
      ['block_count', config['n_layer']],
      ['context_length', config['n_positions']],
      ['embedding_length', config['n_embd']],
      ['feed_forward_length', 4 * number(config, 'n_embd')],
      ['attention.head_count', config['n_head']],
      ['attention.layer_norm_epsilon', config['layer_norm_epsilon']],
    ],
    turned: /\.(?:c_attn|c_proj|c_fc)\.weight$/,
  },
};

/** What the converter's TextModel.set_gguf_parameters writes. */
function common(config: Config): (readonly [key: string, value: unknown])[] {
  const scaling = rope(config);
  const type = scaling['rope_type'];
  const scaled = type === 'linear' || type === 'yarn';
  const ownHeadDim = config['head_dim'];
  return [
    ['block_count', config['num_hidden_layers']],
    ['context_length', config['max_position_embeddings']],
    ['embedding_length', config['hidden_size']],
    ['feed_forward_length', config['intermediate_size']],
    ['attention.head_count', config['num_attention_heads']],
    ['attention.head_count_kv', config['num_key_value_heads']],
    ['attention.key_length', ownHeadDim],
    ['attention.value_length', ownHeadDim],
    ['attention.layer_norm_rms_epsilon', config['rms_norm_eps']],
    ['rope.freq_base', scaling['rope_theta'] ?? config['rope_theta']],
    ['rope.scaling.type', scaled ? type : undefined],
    ['rope.scaling.factor', scaled ? scaling['factor'] : undefined],
    [
      'rope.scaling.original_context_length',
      type === 'yarn' ? scaling['original_max_position_embeddings'] : undefined,
    ],
  ];
}

function llama3Factors(config: Config): Float32Array<ArrayBuffer> | undefined {
  const scaling = rope(config);
  if (scaling['rope_type'] !== 'llama3') return undefined;
  const [theta, dimensions] = [number(config, 'rope_theta'), headDim(config)];
  const [factor, context] = [number(scaling, 'factor'), number(scaling, 'original_max_position_embeddings')];
  const [low, high] = [number(scaling, 'low_freq_factor'), number(scaling, 'high_freq_factor')];
  return Float32Array.from({ length: dimensions / 2 }, (_, i) => {
    const wavelength = 2 * Math.PI * theta ** ((2 * i) / dimensions);
    if (wavelength < context / high) return 1;
    if (wavelength > context / low) return factor;
    const smooth = (context / wavelength - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
  });
}

/** Rows of `width` values; row i is row `from(i)` of before. */
function reordered(
  values: Float32Array<ArrayBuffer>,
  width: number,
  from: (row: number) => number,
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(values.length);
  for (let row = 0; row < values.length / width; row++)
    out.set(values.subarray(from(row) * width, (from(row) + 1) * width), row * width);
  return out;
}

function transposed(
  values: Float32Array<ArrayBuffer>,
  [rows = 0, columns = 0]: readonly number[],
): Float32Array<ArrayBuffer> {
  return Float32Array.from(values, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]);
}

function rope(config: Config): Config {
  return (config['rope_parameters'] ?? config['rope_scaling'] ?? {}) as Config;
}

function headDim(config: Config): number {
  return typeof config['head_dim'] === 'number'
    ? config['head_dim']
    : number(config, 'hidden_size') / number(config, 'num_attention_heads');
}

function number(fields: Config, key: string): number {
  const value = fields[key];
  if (typeof value !== 'number') throw new Error(`${key} is no number`);
  return value;
}
