import { describe, expect, it } from 'vitest';
import { sharedJson } from '../../../../../test/shared.ts';
import { parseModelConfig } from '../model-config.ts';
import { parseAdapterConfig } from './adapter-config.ts';
import { linearModules, NOT_ADAPTED, targetedModules } from './targets.ts';

async function targeted(model: string, target: string): Promise<readonly string[] | null> {
  const config = parseModelConfig(await sharedJson(`models/tiny-random/${model}/config.json`));
  const json = { peft_type: 'LORA', r: 2, lora_alpha: 2, target_modules: [target] };
  const lora = parseAdapterConfig(new TextEncoder().encode(JSON.stringify(json)));
  return targetedModules(linearModules(config), lora)?.map(({ name }) => name) ?? null;
}

describe('targetedModules', () => {
  it('finds fused layers, and by one name all that end in it', async () => {
    expect(await targeted('phi3', 'qkv_proj')).toHaveLength(4);
    expect(await targeted('gpt-neox', 'query_key_value')).toHaveLength(4);
    expect((await targeted('gpt2', 'c_proj'))?.slice(0, 2)).toEqual([
      'transformer.h.0.attn.c_proj',
      'transformer.h.0.mlp.c_proj',
    ]);
  });

  it.each([
    ['llama', 'lm_head'],
    ['llama', 'embed_tokens'],
    ['gpt-neox', 'embed_in'],
    ['gpt-neox', 'embed_out'],
    ['gpt2', 'wte'],
    ['gpt2', 'wpe'],
  ])('says of %s that %s is an embedding or a head', async (model, target) => {
    expect(NOT_ADAPTED.some((name) => name.endsWith(target))).toBe(true);
    await expect(targeted(model, target)).rejects.toMatchObject({
      code: 'LORA_UNSUPPORTED',
      message: expect.stringMatching(`${target}.*embedding and output head`) as string,
    });
  });
});
