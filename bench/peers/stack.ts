/**
 * The work that all sides do: two Llama blocks of a SmolLM2-135M's shape, with the same fresh weights and the same input for
 * all, forward to a loss and back to the gradient with respect to the embedding's output. Weights are fixed: as when samples are
 * traced, no gradient of any is asked for. The loss is half the sum of squares of what the last block gives, whose gradient is
 * that output itself: work that a loss would add is not what is compared.
 */
import { Random } from '../../lib/random.ts';
import { parseModelConfig, type ModelConfig } from '../../services/compute/engine/model/model-config.ts';
import { modelTensors } from '../../services/compute/engine/model/model-tensors.ts';
import { fromSeed } from '../../services/compute/engine/training/initial-weights.ts';

export type Floats = Float32Array<ArrayBuffer>;

/** As in checkpoints: matrices are [outputs, inputs]. */
export interface BlockValues {
  readonly inputNorm: Floats;
  readonly q: Floats;
  readonly k: Floats;
  readonly v: Floats;
  readonly o: Floats;
  readonly mlpNorm: Floats;
  readonly gate: Floats;
  readonly up: Floats;
  readonly down: Floats;
}

/** So many sequences of one length: side by side for peers, end to end for us, with no padding for either. */
export interface StackCase {
  readonly sequences: number;
  readonly length: number;
}

export interface StackWork extends StackCase {
  readonly config: ModelConfig;
  readonly blocks: readonly BlockValues[];
  /** [sequences * length, hiddenSize]. */
  readonly x: Floats;
}

export interface StackResult {
  readonly loss: number;
  /** [sequences * length, hiddenSize]. */
  readonly gradient: Float32Array;
}

/** One side, with its weights and input on the device. */
export interface Stack {
  /** Forward and back, loss and gradient read back. */
  run(): Promise<StackResult>;
  close(): void;
}

const SEED = 1;
const INPUT_SEED = 4;

/**
 * Matrices are drawn wide enough (about 1 / sqrt(inputs)) that blocks add as much as what passes by them: with a trained
 * model's 0.02 a wrong gradient could hide beside the residual stream's.
 */
export function stackConfig(): ModelConfig {
  return parseModelConfig({
    model_type: 'llama',
    hidden_size: 576,
    intermediate_size: 1536,
    num_hidden_layers: 2,
    num_attention_heads: 9,
    num_key_value_heads: 3,
    head_dim: 64,
    // The stack has neither an embedding nor a head.
    vocab_size: 64,
    max_position_embeddings: 8192,
    rms_norm_eps: 1e-5,
    rope_theta: 100000,
    tie_word_embeddings: true,
    initializer_range: 0.042,
    torch_dtype: 'float32',
  });
}

export async function stackWork({ sequences, length }: StackCase): Promise<StackWork> {
  const config = stackConfig();
  const initial = fromSeed(config, SEED);
  const values = new Map<string, Floats>();
  for (const spec of modelTensors(config)) values.set(spec.name, await initial(spec));
  const valuesOf = (layer: number, name: string): Floats => {
    const found = values.get(`model.layers.${layer}.${name}.weight`);
    if (found === undefined) throw new Error(`the stack has no weight ${name}`);
    return found;
  };
  const blocks = Array.from({ length: config.layers }, (_, layer): BlockValues => ({
    inputNorm: valuesOf(layer, 'input_layernorm'),
    q: valuesOf(layer, 'self_attn.q_proj'),
    k: valuesOf(layer, 'self_attn.k_proj'),
    v: valuesOf(layer, 'self_attn.v_proj'),
    o: valuesOf(layer, 'self_attn.o_proj'),
    mlpNorm: valuesOf(layer, 'post_attention_layernorm'),
    gate: valuesOf(layer, 'mlp.gate_proj'),
    up: valuesOf(layer, 'mlp.up_proj'),
    down: valuesOf(layer, 'mlp.down_proj'),
  }));
  const random = new Random(INPUT_SEED);
  const x = Float32Array.from({ length: sequences * length * config.hiddenSize }, () => random.normal());
  return { sequences, length, config, blocks, x };
}

/** Cosines and sines of the rotary embedding, each [length, headDim / 2], the angles in float64. */
export function rotaryValues({ config, length }: StackWork): { cos: Floats; sin: Floats } {
  const half = config.headDim / 2;
  const theta = config.ropeTheta;
  const angle = (i: number): number => Math.floor(i / half) * theta ** (-(i % half) / half);
  return {
    cos: Float32Array.from({ length: length * half }, (_, i) => Math.cos(angle(i))),
    sin: Float32Array.from({ length: length * half }, (_, i) => Math.sin(angle(i))),
  };
}
