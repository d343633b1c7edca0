/**
 * The attention kernels by each variant that the adapter can run, in turns with the multiply-adds that are their limit: packed
 * samples of one length and of several. Work counts visible pairs only; what is masked or filled up counts nothing. Whether they are
 * right is tested (kernels/attention-variants.gpu.test.ts), not measured.
 */
import { Random } from '../../lib/random.ts';
import { Arena, type Scope } from '../../services/compute/engine/device/arena.ts';
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import type { Recorder } from '../../services/compute/engine/device/recorder.ts';
import type { Tensor } from '../../services/compute/engine/device/tensor.ts';
import {
  BLOCK_WORDS,
  longestBlock,
  planBlocks,
  scoreWork,
} from '../../services/compute/engine/kernels/attention-blocks.ts';
import { ATTENTION_VARIANTS } from '../../services/compute/engine/kernels/attention-choice.ts';
import type {
  AttentionBackward,
  AttentionVariant,
} from '../../services/compute/engine/kernels/attention-variant.ts';
import { runnable } from '../../services/compute/engine/kernels/variant-choice.ts';
import type { ModelConfig } from '../../services/compute/engine/model/model-config.ts';
import type { Probe } from '../limits/probe.ts';
import { countedSeconds, interleaveTimings } from '../measure/interleave.ts';
import { summarize, type Summary } from '../measure/statistics.ts';

export interface AttentionSpeed {
  readonly samples: string;
  readonly kernel: Kernel;
  readonly variant: string;
  /** Of the median. */
  readonly flopsPerSecond: number;
  /** Of the adapter's rate of multiply-adds: the ratio in a round, of all rounds. */
  readonly ofLimit: Summary;
}

export interface AttentionTurns {
  readonly roof: Probe;
  readonly rounds: number;
}

/** Each with its products that are as large as that of the scores. */
const KERNELS = { forward: 2, queryGrad: 3, keyGrad: 4 } as const;
type Kernel = keyof typeof KERNELS;

/** About 512 tokens each. */
const BATCHES: Readonly<Record<string, readonly number[]>> = {
  'one of 512': [512],
  '40 to 88': [40, 88, 56, 72, 48, 80, 64, 64],
  '20 to 44': Array.from({ length: 16 }, (_, i) => 20 + ((i * 7) % 25)),
};

const SAMPLE_SECONDS = 0.02;

export async function measureAttention(
  gpu: Gpu,
  recorder: Recorder,
  config: ModelConfig,
  { roof, rounds }: AttentionTurns,
): Promise<AttentionSpeed[]> {
  const speeds: AttentionSpeed[] = [];
  const variants = runnable(ATTENTION_VARIANTS, gpu.report);
  for (const [samples, lengths] of Object.entries(BATCHES)) {
    const arena = new Arena(gpu);
    const scope = arena.scope();
    try {
      const operands = backwardOperands(gpu, scope, config, lengths);
      for (const kernel of ['forward', 'queryGrad', 'keyGrad'] as const) {
        const contenders = variants.map((variant) => repeated(recorder, variant, kernel, operands));
        const timings = await interleaveTimings([roof, ...contenders], {
          ...{ rounds, sampleSeconds: SAMPLE_SECONDS },
        });
        const [its, ...own] = timings.map((timing) => countedSeconds(timing, gpu.report.software));
        const flops = KERNELS[kernel] * operands.work * operands.heads * operands.headDim;
        for (const [i, seconds] of own.entries()) {
          const ofLimit = summarize(seconds.map((one, round) => flops / one / (roof.amount / its[round])));
          const flopsPerSecond = flops / summarize(seconds).median;
          speeds.push({ samples, kernel, variant: variants[i].name, flopsPerSecond, ofLimit });
        }
      }
    } finally {
      scope.end();
      arena.trim();
    }
  }
  return speeds;
}

function repeated(
  recorder: Recorder,
  variant: AttentionVariant,
  kernel: Kernel,
  operands: AttentionBackward,
): { run(times: number): Promise<void> } {
  return {
    run: async (times) => {
      for (let i = 0; i < times; i++) variant[kernel](recorder, operands);
      await recorder.finish();
    },
  };
}

/** Random ones; what the backward reads of the forward is random too, and finite. */
function backwardOperands(
  gpu: Gpu,
  scope: Scope,
  { heads, kvHeads, headDim }: ModelConfig,
  lengths: readonly number[],
): AttentionBackward {
  const random = new Random(1);
  const filled = (shape: readonly number[]): Tensor => {
    const tensor = scope.take(shape);
    const size = shape.reduce((product, side) => product * side, 1);
    const values = Float32Array.from({ length: size }, () => random.next() - 0.5);
    gpu.device.queue.writeBuffer(tensor.buffer, 0, values);
    return tensor;
  };
  let rows = 0;
  const runs = lengths.map((count) => {
    rows += count;
    return { firstQuery: rows - count, count, firstKey: rows - count, visible: 0 };
  });
  const words = planBlocks(runs);
  const blocks = scope.take([words.length / BLOCK_WORDS, BLOCK_WORDS], 'u32');
  gpu.device.queue.writeBuffer(blocks.buffer, 0, words);
  const [queries, keys, numbers] = [
    [rows, heads * headDim],
    [rows, kvHeads * headDim],
    [rows, heads],
  ];
  return {
    ...{ heads, kvHeads, headDim, blocks, work: scoreWork(words), longest: longestBlock(words) },
    ...{ q: filled(queries), k: filled(keys), v: filled(keys), out: filled(queries), lse: filled(numbers) },
    ...{ dout: filled(queries), dq: filled(queries), dk: filled(keys), dv: filled(keys) },
    delta: filled(numbers),
  };
}
