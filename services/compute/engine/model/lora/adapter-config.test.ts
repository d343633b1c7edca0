import { describe, expect, it } from 'vitest';
import { ADAPTER_CONFIG } from '../../../../../test/adapters.ts';
import { parseAdapterConfig } from './adapter-config.ts';

const parse = (changes: object): ReturnType<typeof parseAdapterConfig> =>
  parseAdapterConfig(new TextEncoder().encode(JSON.stringify({ ...ADAPTER_CONFIG, ...changes })));

describe('adapter_config.json', () => {
  it('gives the scale alpha / r, or alpha / sqrt(r) when rank-stabilised', () => {
    expect(parse({ r: 4, lora_alpha: 32 }).scale).toBe(8);
    expect(parse({ r: 4, lora_alpha: 32, use_rslora: true }).scale).toBe(16);
    expect(parse({ r: 3, lora_alpha: 1.5 })).toMatchObject({ rank: 3, scale: 0.5 });
  });

  it('reads targets as names, as all linear layers, or as a pattern that is not evaluated', () => {
    expect(parse({}).targets).toEqual({ kind: 'names', names: new Set(['q_proj']) });
    expect(parse({ target_modules: 'all-linear' }).targets).toEqual({ kind: 'all-linear' });
    expect(parse({ target_modules: '(a+)+$' }).targets).toEqual({ kind: 'pattern' });
  });

  it('reads layers and excluded names', () => {
    expect(parse({}).layers).toBe(null);
    expect(parse({ layers_to_transform: [] }).layers).toBe(null);
    expect(parse({ layers_to_transform: 0 }).layers).toEqual(new Set([0]));
    expect(parse({ layers_to_transform: [3, 1], layers_pattern: ['layers'] }).layers).toEqual(
      new Set([1, 3]),
    );
    expect(parse({ exclude_modules: ['v_proj'] }).excluded).toEqual(new Set(['v_proj']));
  });

  it('ignores what has no effect, and what is off', () => {
    const same = parse({});
    expect(parse({ lora_dropout: 0.5, revision: 'x', peft_version: '9', inference_mode: false })).toEqual(
      same,
    );
    expect(parse({ fan_in_fan_out: true })).toEqual(same);
    expect(parse({ a_future_option: null, another: false, third: {}, fourth: [] })).toEqual(same);
    for (const init of [false, 'gaussian', 'eva', 'orthogonal'])
      expect(parse({ init_lora_weights: init })).toEqual(same);
  });

  it.each([
    ['peft_type', 'LOHA'],
    ['task_type', 'SEQ_CLS'],
    ['bias', 'lora_only'],
    ['use_dora', true],
    ['lora_bias', true],
    ['modules_to_save', ['lm_head']],
    ['rank_pattern', { q_proj: 8 }],
    ['alpha_pattern', { q_proj: 8 }],
    ['layer_replication', [[0, 2]]],
    ['trainable_token_indices', [1]],
    ['target_parameters', ['x']],
    ['init_lora_weights', 'pissa'],
    ['init_lora_weights', 'pissa_niter_16'],
    ['init_lora_weights', 'olora'],
    ['init_lora_weights', 'loftq'],
    ['exclude_modules', '.*v_proj'],
    ['a_future_option', 1],
    ['__proto__', 1],
  ])('refuses %s %j by name', (key, value) => {
    const fields = new Map<string, unknown>([...Object.entries(ADAPTER_CONFIG), [key, value]]);
    const text = [...fields].map(([name, inner]) => `${JSON.stringify(name)}:${JSON.stringify(inner)}`);
    expect(() => parseAdapterConfig(new TextEncoder().encode(`{${text.join(',')}}`))).toThrow(
      expect.objectContaining({
        code: 'LORA_UNSUPPORTED',
        message: expect.stringContaining(key) as unknown,
      }) as Error,
    );
  });

  it.each([
    ['r', 0],
    ['r', 1.5],
    ['r', 1e9],
    ['r', null],
    ['lora_alpha', -1],
    ['lora_alpha', '8'],
    ['lora_alpha', 1e300],
    ['use_rslora', 1],
    ['target_modules', null],
    ['target_modules', []],
    ['target_modules', ''],
    ['target_modules', ['q_proj', 3]],
    ['layers_to_transform', [0.5]],
    ['layers_to_transform', 'all'],
  ])('refuses %s %j as invalid', (key, value) => {
    expect(() => parse({ [key]: value })).toThrow(
      expect.objectContaining({
        code: 'LORA_INVALID',
        message: expect.stringContaining(key) as unknown,
      }) as Error,
    );
  });

  it('refuses layers_to_transform beside a pattern, as peft does, and another layers_pattern', () => {
    expect(() => parse({ target_modules: 'all-linear', layers_to_transform: [0] })).toThrow(/peft refuses/);
    expect(() => parse({ layers_to_transform: [0], layers_pattern: 'blocks' })).toThrow(
      /layers_pattern "blocks"/,
    );
  });

  it.each(['', '[]', '{', '{"r":1,"r":2}', '['.repeat(100_000)])(
    'refuses a document that is none',
    (text) => {
      expect(() => parseAdapterConfig(new TextEncoder().encode(text))).toThrow(/adapter_config.json is not/);
    },
  );
});
