/**
 * A model of SmolLM2-135M's widths (two blocks, random weights, a shorter vocabulary) against the float64 oracle: head
 * dimension 64, three query heads to a key/value head, widths that fill whole tiles and long rows.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signaturesOfBatch } from '../../services/compute/engine/attribution/signature.ts';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { modelTensors } from '../../services/compute/engine/model/model-tensors.ts';
import { Model } from '../../services/compute/engine/model/model.ts';
import { openModelFolder } from '../../services/compute/engine/model/model-folder.ts';
import { ropeFrequencies } from '../../services/compute/engine/model/rope-frequencies.ts';
import { writeSafetensors } from '../../services/compute/engine/model/safetensors-writer.ts';
import { llamaBackward } from '../../services/compute/engine/oracle/llama.ts';
import { fromSeed } from '../../services/compute/engine/training/initial-weights.ts';
import { parseModelConfig } from '../../services/compute/engine/model/model-config.ts';
import { expectClose } from '../closeness.ts';

const RAW = {
  model_type: 'llama',
  architectures: ['LlamaForCausalLM'],
  ...{ hidden_size: 576, intermediate_size: 1536, num_hidden_layers: 2, vocab_size: 1021 },
  ...{ num_attention_heads: 9, num_key_value_heads: 3, head_dim: 64, hidden_act: 'silu' },
  ...{ rms_norm_eps: 1e-5, rope_theta: 100000, max_position_embeddings: 512, tie_word_embeddings: true },
  ...{ initializer_range: 0.04, torch_dtype: 'float32', bos_token_id: 1, eos_token_id: 2 },
};
const LENGTHS = [37, 1 + 1, 70];
let gpu: Gpu;
let folder: string;

beforeAll(async () => {
  gpu = await Gpu.open();
  folder = await mkdtemp(join(tmpdir(), 'reptrace-shape-'));
});

afterAll(async () => {
  gpu.close();
  await rm(folder, { recursive: true });
});

describe('a model of SmolLM2-135M’s widths', () => {
  it('gives the losses, hidden states and gradients of the float64 oracle', async () => {
    const config = parseModelConfig(RAW);
    const initial = fromSeed(config, 7);
    const weights = new Map<string, Float32Array>();
    for (const spec of modelTensors(config)) weights.set(spec.name, await initial(spec));
    await writeFile(join(folder, 'config.json'), JSON.stringify(RAW));
    const tensors = modelTensors(config).map(({ name, shape }) => {
      return { name, shape, dtype: 'F32' as const, data: weights.get(name) ?? new Float32Array() };
    });
    await writeSafetensors(join(folder, 'model.safetensors'), tensors);

    const samples = LENGTHS.map((length, i) => ({
      name: `s${i}`,
      inputIds: Array.from({ length }, (_, t) => (i * 389 + t * t * 17 + 3) % config.vocabSize),
      promptLength: Math.ceil(length / 3),
    }));
    const starts = LENGTHS.reduce<number[]>((all, length) => [...all, (all.at(-1) ?? 0) + length], [0]);
    const expected = llamaBackward({
      shape: { ...config, invFreq: ropeFrequencies(config), normEps: config.normEps },
      weights,
      ids: samples.flatMap(({ inputIds }) => inputIds),
      starts,
      promptLengths: samples.map(({ promptLength }) => promptLength),
    });

    const model = await Model.load(gpu, await openModelFolder(folder));
    const options = { layers: [0, 1, 2], tokenGradients: true, allPositions: true };
    for (const [i, result] of (await signaturesOfBatch(model, samples, options)).entries()) {
      if ('error' in result) throw result.error;
      expect(Math.abs(result.loss - expected.losses[i])).toBeLessThanOrEqual(1e-5);
      for (const [layer, part] of result.layers) {
        const own = (all: Float64Array): Float64Array => all.subarray(starts[i] * 576, starts[i + 1] * 576);
        const at = `sample ${i}, layer ${layer}`;
        expectClose(`${at}: hidden`, part.hiddenAll ?? [], own(expected.hidden[layer]), 2e-5);
        expectClose(`${at}: gradient`, part.tokenGradients ?? [], own(expected.gradients[layer]), 2e-4);
      }
    }
    model.close();
  });
});
