/**
 * What it costs to have anything done: a dispatch in a pass, a bind group, a submission, a readback of four bytes. The kernel
 * adds 1 to a counter, one lane of it, so that what was done can be counted.
 */
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { wrongResult, type Probe } from './probe.ts';
import { RawKernel, readBack, wordsBuffer } from './raw-kernel.ts';

export const COSTS = ['dispatch', 'bind group', 'submit', 'readback of 4 bytes'] as const;
export type Cost = (typeof COSTS)[number];

/** How often one run does it. */
const TIMES: Readonly<Record<Cost, number>> = {
  dispatch: 1000,
  'bind group': 500,
  submit: 50,
  'readback of 4 bytes': 1,
};

export function costProbe(gpu: Gpu, cost: Cost): Probe {
  return new CostProbe(gpu, cost);
}

class CostProbe implements Probe {
  readonly name: Cost;
  readonly amount: number;
  readonly #gpu: Gpu;
  readonly #counter: GPUBuffer;
  readonly #step: GPUBuffer;
  readonly #kernel: RawKernel;
  /** What the counter must say. */
  #expected = 0;

  constructor(gpu: Gpu, cost: Cost) {
    this.name = cost;
    this.amount = TIMES[cost];
    this.#gpu = gpu;
    this.#counter = wordsBuffer(gpu, new Uint32Array(1));
    this.#step = wordsBuffer(gpu, new Uint32Array([1]));
    this.#kernel = new RawKernel(gpu, SHADER, [this.#counter, this.#step]);
    // So that what is read back is not what the buffer began with.
    this.#send(1);
  }

  async run(repeats: number): Promise<void> {
    if (this.name === 'dispatch') this.#send(this.amount * repeats);
    else for (let i = 0; i < this.amount * repeats; i++) await this.#once();
    // Of bind groups only the making is timed.
    if (this.name !== 'bind group') await this.#gpu.idle();
  }

  async #once(): Promise<void> {
    if (this.name === 'readback of 4 bytes') await this.check();
    else if (this.name === 'submit') this.#send(1);
    else this.#kernel.newBindGroup([this.#counter, this.#step]);
  }

  #send(dispatches: number): void {
    this.#kernel.send(1, dispatches);
    this.#expected += dispatches;
  }

  async check(): Promise<void> {
    if (this.name === 'bind group') {
      this.#kernel.send(1, 1, this.#kernel.newBindGroup([this.#counter, this.#step]));
      this.#expected += 1;
    }
    const [count] = new Uint32Array(await readBack(this.#gpu, this.#counter));
    if (count !== this.#expected) {
      throw wrongResult(this.name, `${count} dispatches were done of ${this.#expected}`);
    }
  }

  close(): void {
    this.#counter.destroy();
    this.#step.destroy();
  }
}

const SHADER = `
@group(0) @binding(0) var<storage, read_write> counter: array<u32>;
@group(0) @binding(1) var<storage, read> step: array<u32>;

@compute @workgroup_size(1)
fn main() {
  counter[0] += step[0];
}
`;
