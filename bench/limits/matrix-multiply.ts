/**
 * The rate of matrix units: every subgroup holds several independent sums C = A B + C of small matrices, of float16 into float32,
 * and touches memory only at its beginning and its end.
 *
 * A is the unit matrix and B all ones, both read from a buffer, so that no compiler can shorten a chain: after so many steps
 * each value of C is their number, and is checked.
 */
import type { Gpu, MatrixShape } from '../../services/compute/engine/device/gpu.ts';
import { wrongResult, type Probe, type Sizable } from './probe.ts';
import { RawKernel, readBack, storageBuffer, wordsBuffer } from './raw-kernel.ts';

export interface MatrixVariant {
  readonly shape: MatrixShape;
  /** Lanes of a subgroup. */
  readonly subgroup: number;
  /** Independent sums of a subgroup. */
  readonly chains: number;
}

const STEPS = 1024;
const SUBGROUPS = 4;
const MAX_WORKGROUPS = 32768;
/** As float16. */
const ONE = 0x3c00;

export function matrixMultiply(gpu: Gpu, variant: MatrixVariant): Sizable {
  return { largest: MAX_WORKGROUPS, make: (size) => new MatrixMultiply(gpu, variant, size) };
}

class MatrixMultiply implements Probe {
  readonly name: string;
  readonly amount: number;
  readonly #gpu: Gpu;
  readonly #chains: number;
  readonly #workgroups: number;
  readonly #factors: GPUBuffer;
  readonly #out: GPUBuffer;
  readonly #kernel: RawKernel;

  constructor(gpu: Gpu, variant: MatrixVariant, workgroups: number) {
    const { shape, chains, subgroup } = variant;
    const { m, n, k } = shape;
    this.name = `matrix multiply-add f16 to f32, ${m} x ${n} x ${k}, ${chains} sums`;
    this.amount = 2 * m * n * k * chains * STEPS * SUBGROUPS * workgroups;
    this.#gpu = gpu;
    this.#chains = chains;
    this.#workgroups = workgroups;
    this.#factors = wordsBuffer(gpu, factors(shape));
    this.#out = storageBuffer(gpu, 4 * subgroup * SUBGROUPS * workgroups);
    this.#kernel = new RawKernel(gpu, shader(variant), [this.#factors, this.#out]);
  }

  run(repeats: number): Promise<void> {
    return this.#kernel.run(this.#workgroups, repeats);
  }

  async check(): Promise<void> {
    const expected = this.#chains * STEPS;
    const sums = new Float32Array(await readBack(this.#gpu, this.#out));
    const wrong = sums.findIndex((sum) => sum !== expected);
    if (wrong < 0) return;
    throw wrongResult(this.name, `lane ${wrong} has ${sums[wrong]}, expected ${expected}`);
  }

  close(): void {
    this.#factors.destroy();
    this.#out.destroy();
  }
}

/** As float16: [m, k] with ones on the diagonal (again from the left where k < m), then [k, n] of ones. */
function factors({ m, n, k }: MatrixShape): Uint32Array<ArrayBuffer> {
  const halves = new Uint16Array(m * k + k * n).fill(ONE, m * k);
  for (let row = 0; row < m; row++) halves[row * k + (row % k)] = ONE;
  return new Uint32Array(halves.buffer);
}

function shader({ shape: { m, n, k }, subgroup, chains }: MatrixVariant): string {
  const each = (line: (chain: number) => string): string =>
    Array.from({ length: chains }, (_, chain) => line(chain)).join('\n');
  return `enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;
@group(0) @binding(0) var<storage, read_write> factors: array<f16>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

var<workgroup> sums: array<f32, ${SUBGROUPS * m * n}>;

@compute @workgroup_size(${SUBGROUPS * subgroup})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_id) subgroup: u32,
  @builtin(subgroup_invocation_id) place: u32,
) {
  let a = subgroupMatrixLoad<subgroup_matrix_left<f16, ${k}, ${m}>, row_major>(&factors, 0u, ${k}u);
  let b = subgroupMatrixLoad<subgroup_matrix_right<f16, ${n}, ${k}>, row_major>(&factors, ${m * k}u, ${n}u);
  ${each((j) => `var c${j}: subgroup_matrix_result<f32, ${n}, ${m}>;`)}
  for (var i = 0u; i < ${STEPS}u; i++) {
    ${each((j) => `c${j} = subgroupMatrixMultiplyAccumulate(a, b, c${j});`)}
  }
  var sum = 0.0;
  ${each(
    (j) => `subgroupMatrixStore<row_major>(&sums, subgroup * ${m * n}u, c${j}, ${n}u);
  workgroupBarrier();
  sum += sums[subgroup * ${m * n}u + (place + ${j}u) % ${m * n}u];
  workgroupBarrier();`,
  )}
  out[group.x * ${SUBGROUPS * subgroup}u + lane] = sum;
}
`;
}
