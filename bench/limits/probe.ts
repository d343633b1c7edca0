/** What measures one limit of an adapter. */
import type { Contender } from '../measure/interleave.ts';

export interface Probe extends Contender {
  readonly name: string;
  /** What one run does of it: floating point operations, bytes, or times. */
  readonly amount: number;
  /** Throws, naming the probe, unless the device did the work that was timed. */
  check(): Promise<void>;
  close(): void;
}

/** The error of a kernel whose result is not what its work would have given. */
export function wrongResult(probe: string, what: string): Error {
  return new Error(`the limit "${probe}" was not measured: ${what}; a kernel was wrong or optimised away`);
}

/** A probe whose work grows with `size`, and the largest size that it has room for. */
export interface Sizable {
  readonly largest: number;
  readonly make: (size: number) => Probe;
}

/** The probe of the least size, by doubling, one run of which takes so many seconds, or of the largest. */
export async function sized({ largest, make }: Sizable, seconds: number): Promise<Probe> {
  for (let size = 1; ; size *= 2) {
    const probe = make(Math.min(size, largest));
    try {
      await probe.run(1); // compiles
      const begun = performance.now();
      await probe.run(1);
      if (size >= largest || (performance.now() - begun) / 1000 >= seconds) return probe;
    } catch (error) {
      probe.close();
      throw error;
    }
    probe.close();
  }
}
