/**
 * Times captured dispatches one by one, each submitted and waited for alone. They run again in their order over the same
 * buffers, which still hold what the batch uploaded (nothing else may have used the model's arena since), so that they
 * read the data that they read before; only sums that a kernel adds to go on growing.
 */
import { Arena } from '../../services/compute/engine/device/arena.ts';
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { Recorder } from '../../services/compute/engine/device/recorder.ts';
import * as residual from '../../services/compute/engine/kernels/residual.ts';
import type { Dispatch } from './capture.ts';

export interface TimedDispatch extends Dispatch {
  /** Of the fastest pass (what else the machine does only adds), less what submitting and waiting costs. */
  readonly seconds: number;
}

export interface Replay {
  readonly dispatches: readonly TimedDispatch[];
  /** Seconds of submitting next to nothing and waiting for it. */
  readonly overhead: number;
}

const OVERHEAD_RUNS = 50;

export async function replay(gpu: Gpu, dispatches: readonly Dispatch[], passes: number): Promise<Replay> {
  const recorder = new Recorder(gpu);
  const overhead = await measureOverhead(gpu, recorder);
  const seconds = dispatches.map((): number[] => []);
  for (let pass = 0; pass < passes; pass++) {
    for (const [i, { spec, params, operands, grid, work }] of dispatches.entries()) {
      const begun = performance.now();
      recorder.run(spec, params, operands, grid, work);
      await recorder.finish();
      seconds[i].push((performance.now() - begun) / 1000);
    }
  }
  return {
    dispatches: dispatches.map((dispatch, i) => ({
      ...dispatch,
      seconds: Math.max(0, Math.min(...seconds[i]) - overhead),
    })),
    overhead,
  };
}

async function measureOverhead(gpu: Gpu, recorder: Recorder): Promise<number> {
  const arena = new Arena(gpu);
  const scope = arena.scope();
  const [a, b, out] = [scope.take([4]), scope.take([4]), scope.take([4])];
  const seconds: number[] = [];
  for (let i = 0; i < OVERHEAD_RUNS; i++) {
    const begun = performance.now();
    residual.forward(recorder, { a, b, out });
    await recorder.finish();
    seconds.push((performance.now() - begun) / 1000);
  }
  scope.end();
  arena.trim();
  return Math.min(...seconds);
}
