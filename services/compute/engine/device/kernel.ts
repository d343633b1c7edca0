/**
 * From a .wgsl file to a pipeline. A shader declares its parameters as one uniform at binding 0 and its operands as
 * storage bindings after it. What varies between variants is named in its header (`// vary NAME`) and given as
 * constants; a shader that reads model weights says `// weights: binding N` and calls `weight4`, whose text depends on the
 * stored precision; one that needs a language extension says `// enable NAME`.
 */
import { readFileSync } from 'node:fs';
import type { WeightDtype } from './tensor.ts';

/** A type that varies between variants; halves need the adapter's shader-f16. */
export type KernelType = 'vec4f' | 'vec4h';

export interface KernelSpec {
  /** File name in shaders/, without `.wgsl`. */
  readonly shader: string;
  /** A value for each `// vary NAME` of the header. */
  readonly constants?: Readonly<Record<string, number | boolean | KernelType>>;
  /** The stored precision of the weights it reads, for shaders that read weights. */
  readonly weights?: WeightDtype;
}

export interface Kernel {
  readonly key: string;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** Storage operands, in binding order. */
  readonly operands: readonly { readonly name: string; readonly writable: boolean }[];
  /** Bytes of the parameter block. */
  readonly paramWords: number;
}

const SHADERS = new URL('../../../../shaders/', import.meta.url);
const COMPUTE = 4; // GPUShaderStage.COMPUTE
const sources = new Map<string, string>();

export function shaderSource(name: string): string {
  let source = sources.get(name);
  if (source === undefined) {
    source = readFileSync(new URL(`${name}.wgsl`, SHADERS), 'utf8');
    sources.set(name, source);
  }
  return source;
}

/** The whole WGSL text of a spec. Throws when constants and header disagree, so that a variant is never half set. */
export function assembleShader(spec: KernelSpec): string {
  const body = shaderSource(spec.shader);
  const declared = [...body.matchAll(/^\/\/ vary (\w+)/gm)].map((match) => match[1]);
  const given = Object.entries(spec.constants ?? {});
  const names = given.map(([name]) => name);
  if ([...declared].sort().join() !== [...names].sort().join()) {
    throw new Error(
      `shader ${spec.shader} varies (${declared.join(', ')}) but was given (${names.join(', ')})`,
    );
  }
  const constants = given.map(([name, value]) => declaration(name, value));
  // Directives come before everything else in a module.
  const extensions = [...body.matchAll(/^\/\/ enable (\w+)/gm)].map(([, name]) => `enable ${name};`);
  if (given.some(([, value]) => value === 'vec4h')) extensions.push('enable f16;');
  const parts = [...extensions, constants.join('\n')];
  const weightBinding = /^\/\/ weights: binding (\d+)/m.exec(body)?.[1];
  if ((weightBinding !== undefined) !== (spec.weights !== undefined)) {
    throw new Error(
      `shader ${spec.shader}: the weights' precision must be given exactly when it reads weights`,
    );
  }
  if (weightBinding !== undefined && spec.weights !== undefined) {
    parts.push(shaderSource(`lib/weights_${spec.weights}`).replace('WEIGHT_BINDING', weightBinding));
  }
  for (const [, library] of body.matchAll(/^\/\/ uses (\w+)/gm)) parts.push(shaderSource(`lib/${library}`));
  parts.push(body);
  return parts.join('\n');
}

function declaration(name: string, value: number | boolean | KernelType): string {
  if (typeof value === 'string') return `alias ${name} = ${value};`;
  return typeof value === 'boolean' ? `const ${name} = ${value};` : `const ${name} = ${value}u;`;
}

export function buildKernel(device: GPUDevice, spec: KernelSpec, key: string): Kernel {
  const code = assembleShader(spec);
  const operands: { name: string; writable: boolean }[] = [];
  for (const [, index, access, name] of code.matchAll(
    /@group\(0\) @binding\((\d+)\) var<storage, (read|read_write)> (\w+)/g,
  )) {
    operands[Number(index) - 1] = { name, writable: access === 'read_write' };
  }
  const params = /struct Params \{([^}]*)\}/.exec(code)?.[1] ?? '';
  const layout = device.createBindGroupLayout({
    label: key,
    entries: [
      { binding: 0, visibility: COMPUTE, buffer: { type: 'uniform', hasDynamicOffset: true } },
      ...operands.map(({ writable }, i) => ({
        binding: i + 1,
        visibility: COMPUTE,
        buffer: { type: writable ? ('storage' as const) : ('read-only-storage' as const) },
      })),
    ],
  });
  const pipeline = device.createComputePipeline({
    label: key,
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module: device.createShaderModule({ label: key, code }), entryPoint: 'main' },
  });
  return { key, pipeline, layout, operands, paramWords: (params.match(/:/g) ?? []).length };
}
