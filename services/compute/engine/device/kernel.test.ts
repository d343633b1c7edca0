import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { assembleShader, shaderSource } from './kernel.ts';

const shaders = readdirSync(new URL('../../../../shaders/', import.meta.url))
  .filter((name) => name.endsWith('.wgsl'))
  .map((name) => name.slice(0, -5));

describe('assembling a shader', () => {
  it('puts constants, weights and libraries before the shader', () => {
    const code = assembleShader({
      shader: 'linear_forward',
      constants: { TILE_ROWS: 4, HAS_BIAS: true, HAS_RESIDUAL: false },
      weights: 'bf16',
    });
    expect(code).toContain('const TILE_ROWS = 4u;');
    expect(code).toContain('const HAS_BIAS = true;');
    expect(code).toContain('@binding(2) var<storage, read> weights: array<vec2u>');
    const activation = assembleShader({ shader: 'gated_forward', constants: { ACTIVATION: 0 } });
    expect(activation).toContain('fn exp_accurate');
  });

  it('puts the directives of a header before everything else', () => {
    const constants = {
      ...{ VECTORS: 1, SPREAD_WEIGHTS: true, SPREAD_BY_INNER: false, TRANSPOSED: true, PADDED: false },
      ...{ ACCUMULATE: false, HAS_BIAS: false, HAS_RESIDUAL: false },
    };
    const code = assembleShader({ shader: 'matmul_broadcast', constants, weights: 'f32' });
    expect(code.startsWith('enable subgroups;\n')).toBe(true);
  });

  it('refuses constants that the header does not name, and a header with constants left open', () => {
    expect(() => assembleShader({ shader: 'add', constants: { EXTRA: 1 } })).toThrow(
      'shader add varies () but was given (EXTRA)',
    );
    expect(() => assembleShader({ shader: 'gated_forward' })).toThrow('varies (ACTIVATION) but was given ()');
    expect(() => assembleShader({ shader: 'gated_forward', constants: { ACTIVATIONS: 0 } })).toThrow(
      'ACTIVATIONS',
    );
  });

  it('refuses a precision where no weights are read, and none where they are', () => {
    expect(() => assembleShader({ shader: 'add', weights: 'f32' })).toThrow('precision');
    expect(() => assembleShader({ shader: 'embedding_forward' })).toThrow('precision');
  });

  it.each(shaders)('%s binds its parameters at 0 and its operands from 1 on, without a gap', (name) => {
    const header = shaderSource(name);
    const constants = Object.fromEntries(
      [...header.matchAll(/^\/\/ vary (\w+)/gm)].map(
        ([, constant]) => [constant, constant === 'KEPT' ? 'vec4h' : 1] as const,
      ),
    );
    const reads = header.includes('// weights: binding');
    const code = assembleShader({ shader: name, constants, ...(reads ? { weights: 'f16' } : {}) });
    const bindings = [...code.matchAll(/@binding\((\d+)\) var<(uniform|storage)/g)];
    const places = bindings.map(([, place]) => Number(place)).sort((a, b) => a - b);
    expect(places).toEqual(Array.from(places.keys()));
    expect(code).toContain('@group(0) @binding(0) var<uniform> params: Params;');
    expect(header).toMatch(/^\/\/ \S.*\n(\/\/.*\n)*\/\/ Shapes/);
  });
});
