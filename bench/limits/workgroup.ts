/** How fast workgroup memory is read, a vec4 at a time, neighbouring lanes at neighbouring places. Checked like storage reads. */
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import type { Probe, Sizable } from './probe.ts';
import { LANES, RawKernel, readBack, storageBuffer } from './raw-kernel.ts';
import { checkSum, UNROLL, WINDOW, windowSum } from './storage.ts';

/** Vec4s that a lane reads: many more than it writes at first. */
const READS = 1024;
const MAX_WORKGROUPS = 32768;

export function workgroupRead(gpu: Gpu): Sizable {
  return { largest: MAX_WORKGROUPS / 4, make: (size) => new WorkgroupRead(gpu, size * 4) };
}

class WorkgroupRead implements Probe {
  readonly name = 'workgroup memory read';
  readonly amount: number;
  readonly #gpu: Gpu;
  readonly #workgroups: number;
  readonly #sums: GPUBuffer;
  readonly #kernel: RawKernel;

  constructor(gpu: Gpu, workgroups: number) {
    this.#gpu = gpu;
    this.#workgroups = workgroups;
    this.amount = workgroups * LANES * READS * 16;
    this.#sums = storageBuffer(gpu, workgroups * LANES * 16);
    this.#kernel = new RawKernel(gpu, SHADER, [this.#sums]);
  }

  run(repeats: number): Promise<void> {
    return this.#kernel.run(this.#workgroups, repeats);
  }

  async check(): Promise<void> {
    checkSum(this.name, await readBack(this.#gpu, this.#sums), windowSum(this.amount));
  }

  close(): void {
    this.#sums.destroy();
  }
}

const TURN = Array.from(
  { length: UNROLL },
  (_, j) => `sum${j} += window[(lane + (i + ${j}u) * ${LANES}u) % ${WINDOW}u];`,
);

const SHADER = `
@group(0) @binding(0) var<storage, read_write> sums: array<vec4u>;

var<workgroup> window: array<vec4u, ${WINDOW}>;

@compute @workgroup_size(${LANES})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  for (var i = lane; i < ${WINDOW}u; i += ${LANES}u) {
    window[i] = vec4u(4u * i) + vec4u(0u, 1u, 2u, 3u);
  }
  workgroupBarrier();
  var sum0 = vec4u();
  var sum1 = vec4u();
  var sum2 = vec4u();
  var sum3 = vec4u();
  for (var i = 0u; i < ${READS}u; i += ${UNROLL}u) {
    ${TURN.join('\n    ')}
  }
  sums[id.x] = sum0 + sum1 + sum2 + sum3;
}
`;
