import { describe, expect, it } from 'vitest';
import { parseModelConfig } from '../model-config.ts';
import { configText, writtenConfig } from './written-config.ts';

describe('a written config.json', () => {
  it('says what the rotary factors of a GGUF file said', () => {
    const metadata = {
      ...{ model_type: 'llama', hidden_size: 64, intermediate_size: 64, num_hidden_layers: 1 },
      ...{ num_attention_heads: 4, vocab_size: 32, max_position_embeddings: 131072, rope_theta: 5e5 },
    };
    const rope_scaling = {
      ...{ rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4 },
      original_max_position_embeddings: 8192,
    };
    const config = parseModelConfig({ ...metadata, rope_scaling });
    expect(writtenConfig(config, metadata, 'F32')).toMatchObject({ rope_scaling });
    expect(() => writtenConfig({ ...config, ropeTheta: 1e4 }, metadata, 'F32')).toThrow(/run by/);
  });

  it('has real numbers where transformers refuses whole ones', () => {
    const config = {
      final_logit_softcapping: 30,
      hidden_size: 30,
      rope_scaling: { factor: 8, type: 'linear' },
    };
    expect(configText(config)).toMatch(/"final_logit_softcapping": 30\.0,\n {2}"hidden_size": 30,/);
    expect(configText(config)).toMatch(/"factor": 8\.0,\n/);
    expect(JSON.parse(configText(config))).toEqual(config);
    expect(configText({ rms_norm_eps: 1e-6 })).toBe('{\n  "rms_norm_eps": 0.000001\n}\n');
  });

  it('leaves out the code that is not carried over', () => {
    const original = {
      ...{ model_type: 'llama', architectures: ['LlamaForCausalLM'], hidden_size: 64, intermediate_size: 64 },
      ...{ num_hidden_layers: 1, num_attention_heads: 4, vocab_size: 32, max_position_embeddings: 64 },
      auto_map: { AutoModelForCausalLM: 'modeling.LlamaForCausalLM' },
    };
    expect(writtenConfig(parseModelConfig(original), original, 'F16')).not.toHaveProperty('auto_map');
  });
});
