/** GPT-2: LayerNorm, learned positions, and matrices stored (inputs, outputs), as its Conv1D has them. */
import { realNumber } from '../config-fields.ts';
import { LIMITS, plainBlocks, readActivation, readCommon, readSizes, type SizeKeys } from './config-parts.ts';
import { TensorList, type Family } from './family.ts';
import { HEAD, isTiedCopy } from './llama-tensors.ts';
import { refuseUnimplemented } from './unimplemented.ts';

const KEYS: SizeKeys = {
  hiddenSize: 'n_embd',
  intermediateSize: 'n_inner',
  layers: 'n_layer',
  heads: 'n_head',
  maxPositions: 'n_positions',
};

/** What transformers writes before the names, and the first checkpoints do not. */
const PREFIX = 'transformer.';
const WITHOUT_PREFIX = /^(?:wte|wpe|h\.\d{1,4}|ln_f)\./;
const MASK = /^transformer\.h\.\d{1,4}\.attn\.(?:bias|masked_bias)$/;

export const gpt2: Family = {
  name: 'gpt2',
  architecture: 'GPT2LMHeadModel',
  trains: false,

  parse(fields) {
    refuseUnimplemented(fields);
    const sizes = readSizes(fields, { keys: KEYS, grouped: false, intermediateOf: (width) => 4 * width });
    return {
      family: 'gpt2',
      ...sizes,
      ...plainBlocks(sizes.layers, sizes.headDim),
      ...readCommon(fields, sizes.vocabSize, { tied: true }),
      rotaryDim: null,
      ropeTheta: 0,
      ropeScaling: { kind: 'none' },
      norm: 'layer',
      normEps: realNumber(fields, 'layer_norm_epsilon', LIMITS.epsilon, 1e-5),
      activation: readActivation(fields, 'activation_function', 'gelu_new', ['gelu', 'gelu-tanh']),
      gated: false,
      attentionBias: true,
      attentionOutputBias: true,
      mlpBias: true,
    };
  },

  tensors(config) {
    const { vocabSize, hiddenSize, intermediateSize, heads, headDim, maxPositions } = config;
    const list = new TensorList();
    const bias = { bias: true };
    const conv1d = { bias: true, transposed: true };
    list.add(`${PREFIX}wte`, 'embedding', null, [vocabSize, hiddenSize]);
    list.add(`${PREFIX}wpe`, 'positions', null, [maxPositions, hiddenSize]);
    for (let layer = 0; layer < config.layers; layer++) {
      const block = `${PREFIX}h.${layer}`;
      const width = heads * headDim;
      list.add(`${block}.ln_1`, 'attentionNorm', layer, [hiddenSize], bias);
      list.add(`${block}.attn.c_attn`, 'queryKeyValue', layer, [3 * width, hiddenSize], conv1d);
      list.add(`${block}.attn.c_proj`, 'attentionOutput', layer, [hiddenSize, width], conv1d);
      list.add(`${block}.ln_2`, 'mlpNorm', layer, [hiddenSize], bias);
      list.add(`${block}.mlp.c_fc`, 'up', layer, [intermediateSize, hiddenSize], conv1d);
      list.add(`${block}.mlp.c_proj`, 'down', layer, [hiddenSize, intermediateSize], conv1d);
    }
    list.add(`${PREFIX}ln_f`, 'finalNorm', null, [hiddenSize], bias);
    if (!config.tieEmbeddings) list.add(HEAD, 'head', null, [vocabSize, hiddenSize]);
    return list.specs;
  },

  canonicalName: (name) => (WITHOUT_PREFIX.test(name) ? `${PREFIX}${name}` : name),

  isRedundant(name, shape, config) {
    if (MASK.test(name)) return shape.length === 4 || shape.length === 0;
    return isTiedCopy(name, shape, config, `${HEAD}.weight`);
  },
};
