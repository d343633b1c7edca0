/** The families known, by config.json's model_type. */
import type { Family } from './family.ts';
import { gemma2 } from './gemma2.ts';
import { gpt2 } from './gpt2.ts';
import { gptNeox } from './gpt-neox.ts';
import { llama } from './llama.ts';
import { mistral } from './mistral.ts';
import { olmo2 } from './olmo2.ts';
import { phi3 } from './phi3.ts';
import { qwen2 } from './qwen2.ts';
import { qwen3 } from './qwen3.ts';

export const FAMILIES: readonly Family[] = [llama, mistral, qwen2, qwen3, olmo2, gemma2, phi3, gptNeox, gpt2];

export function familyNamed(modelType: string): Family | undefined {
  return FAMILIES.find(({ name }) => name === modelType);
}

export function familyOf({ family }: { readonly family: Family['name'] }): Family {
  const found = familyNamed(family);
  if (found === undefined) throw new Error(`there is no family ${family}`);
  return found;
}
