/**
 * Times captured dispatches one by one, each submitted and waited for alone. They run again in their order over the same
 * buffers, which still hold what the batch uploaded (nothing else may have used the model's arena since), so that they
 * read the data that they read before; only sums that a kernel adds to go on growing.
 */
import { Arena } from '../../services/compute/engine/device/arena.ts';
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { Recorder } from '../../services/compute/engine/device/recorder.ts';
import * as residual from '../../services/compute/engine/kernels/residual.ts';
import { timingOf, type Timing } from '../measure/interleave.ts';
import type { Dispatch } from './capture.ts';

export interface TimedDispatch extends Dispatch {
  /** Of the fastest pass (what else the machine does only adds), less what submitting and waiting costs. */
  readonly seconds: number;
  /** All passes, with what submitting and waiting costs. */
  readonly passes: readonly Timing[];
}

export interface Replay {
  readonly dispatches: readonly TimedDispatch[];
  /** Seconds of submitting next to nothing and waiting for it. */
  readonly overhead: number;
}

const OVERHEAD_RUNS = 50;

export async function replay(gpu: Gpu, dispatches: readonly Dispatch[], passes: number): Promise<Replay> {
  const recorder = new Recorder(gpu);
  const overhead = fastest(await overheadTimings(gpu, recorder));
  const timings = dispatches.map((): Timing[] => []);
  for (let pass = 0; pass < passes; pass++) {
    for (const [i, { spec, params, operands, grid, work }] of dispatches.entries()) {
      const timing = await timingOf(() => {
        recorder.run(spec, params, operands, grid, work);
        return recorder.finish();
      });
      timings[i].push(timing);
    }
  }
  const timed = dispatches.map((dispatch, i) => ({
    ...dispatch,
    seconds: Math.max(0, fastest(timings[i]) - overhead),
    passes: timings[i],
  }));
  return { dispatches: timed, overhead };
}

function fastest(timings: readonly Timing[]): number {
  return Math.min(...timings.map(({ seconds }) => seconds));
}

async function overheadTimings(gpu: Gpu, recorder: Recorder): Promise<Timing[]> {
  const arena = new Arena(gpu);
  const scope = arena.scope();
  const [a, b, out] = [scope.take([4]), scope.take([4]), scope.take([4])];
  const timings: Timing[] = [];
  for (let i = 0; i < OVERHEAD_RUNS; i++) {
    const timing = await timingOf(() => {
      residual.forward(recorder, { a, b, out });
      return recorder.finish();
    });
    timings.push(timing);
  }
  scope.end();
  arena.trim();
  return timings;
}
