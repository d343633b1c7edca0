/** From the tensor names of GGUF (architecture `llama`) to those of Hugging Face. */

const OUTER: Readonly<Record<string, string>> = {
  token_embd: 'model.embed_tokens',
  output_norm: 'model.norm',
  output: 'lm_head',
};

const IN_BLOCK: Readonly<Record<string, string>> = {
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  ffn_norm: 'post_attention_layernorm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
};

/** The factors that llama3's rotary scaling comes as; not a weight. */
export const ROPE_FACTORS = 'rope_freqs.weight';

/** A name that has no counterpart is given back as it is: it then has no place in the model, and is refused by it. */
export function huggingFaceName(name: string): string {
  const inBlock = /^blk\.(0|[1-9]\d{0,3})\.([a-z_]+)\.(weight|bias)$/.exec(name);
  if (inBlock !== null) {
    const [, block = '', part = '', kind = ''] = inBlock;
    return Object.hasOwn(IN_BLOCK, part) ? `model.layers.${block}.${IN_BLOCK[part] ?? ''}.${kind}` : name;
  }
  const outer = /^([a-z_]+)\.(weight|bias)$/.exec(name);
  const [, part = '', kind = ''] = outer ?? [];
  return Object.hasOwn(OUTER, part) ? `${OUTER[part] ?? ''}.${kind}` : name;
}

/** Whether llama.cpp stores this tensor's rows in the order of its own rotary embedding; see rotary-rows.ts. */
export function hasRotaryRows(huggingFace: string): boolean {
  return /\.self_attn\.[qk]_proj\.(weight|bias)$/.test(huggingFace);
}
