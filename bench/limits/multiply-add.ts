/**
 * The rate of fused multiply-adds from registers: every lane holds several independent vec4 chains c = c * a + b and touches
 * memory only at its end. Which number of chains and how much unrolling a compiler turns into the fastest code differs by
 * adapter, so that there are variants, and the fastest is the limit.
 *
 * a is 1 and b is +1 or -1, both read from a buffer, so that no compiler can shorten a chain and every value stays a whole
 * number that float16 has: the sums come out exactly, and are checked.
 */
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { wrongResult, type Probe, type Sizable } from './probe.ts';
import { LANES, RawKernel, readBack, storageBuffer, wordsBuffer } from './raw-kernel.ts';

export interface MultiplyAddVariant {
  readonly precision: 'f32' | 'f16';
  /** Independent vec4 sums of a lane. */
  readonly chains: number;
  /** Multiply-adds of a chain in one turn of the loop. */
  readonly unroll: number;
}

/** Chains go up by so many steps, then down again, so many times. */
const STEPS = 1024;
const LEGS = 4;
const MAX_WORKGROUPS = 32768;

export function multiplyAdd(gpu: Gpu, variant: MultiplyAddVariant): Sizable {
  return {
    largest: MAX_WORKGROUPS / 4,
    make: (size) => new MultiplyAdd(gpu, variant, size * 4),
  };
}

class MultiplyAdd implements Probe {
  readonly name: string;
  readonly amount: number;
  readonly #gpu: Gpu;
  readonly #chains: number;
  readonly #workgroups: number;
  readonly #factors: GPUBuffer;
  readonly #out: GPUBuffer;
  readonly #kernel: RawKernel;

  constructor(gpu: Gpu, variant: MultiplyAddVariant, workgroups: number) {
    const { precision, chains, unroll } = variant;
    this.name = `multiply-add ${precision}, ${chains} chains unrolled ${unroll}`;
    this.amount = 2 * 4 * chains * STEPS * LEGS * LANES * workgroups;
    this.#gpu = gpu;
    this.#chains = chains;
    this.#workgroups = workgroups;
    this.#factors = wordsBuffer(gpu, new Float32Array([1, 1, 0, 0]));
    this.#out = storageBuffer(gpu, workgroups * LANES * 16);
    this.#kernel = new RawKernel(gpu, shader(variant), [this.#factors, this.#out]);
  }

  run(repeats: number): Promise<void> {
    return this.#kernel.run(this.#workgroups, repeats);
  }

  async check(): Promise<void> {
    const sums = new Float32Array(await readBack(this.#gpu, this.#out));
    for (let i = 0; i < sums.length; i++) {
      const expected = expectedSum(this.#chains, Math.floor(i / 4));
      if (sums[i] !== expected) {
        throw wrongResult(this.name, `lane ${Math.floor(i / 4)} summed ${sums[i]}, expected ${expected}`);
      }
    }
  }

  close(): void {
    this.#factors.destroy();
    this.#out.destroy();
  }
}

/** Chain j begins at lane % 8 + j, and is STEPS higher after every other leg. */
function expectedSum(chains: number, lane: number): number {
  const begins = chains * (lane % 8) + (chains * (chains - 1)) / 2;
  return LEGS * begins + (LEGS / 2) * chains * STEPS;
}

function shader({ precision, chains, unroll }: MultiplyAddVariant): string {
  const vec = precision === 'f32' ? 'vec4f' : 'vec4h';
  const each = (line: (chain: number) => string): string =>
    Array.from({ length: chains }, (_, chain) => line(chain)).join('\n');
  const turn = Array.from({ length: unroll }, () => each((j) => `c${j} = fma(c${j}, a, b);`)).join('\n');
  return `${precision === 'f16' ? 'enable f16;' : ''}
@group(0) @binding(0) var<storage, read> factors: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<vec4f>;

@compute @workgroup_size(${LANES})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let a = ${vec}(${precision}(factors[0]));
  var b = ${vec}(${precision}(factors[1]));
  ${each((j) => `var c${j} = ${vec}(${precision}(id.x % 8u + ${j}u));`)}
  var sum = vec4f();
  for (var leg = 0u; leg < ${LEGS}u; leg++) {
    for (var i = 0u; i < ${STEPS / unroll}u; i++) {
      ${turn}
    }
    ${each((j) => `sum += vec4f(c${j});`)}
    b = -b;
  }
  out[id.x] = sum;
}
`;
}
