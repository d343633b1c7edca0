/** Products with the weights of every quantised type as stored, beside the same weights in float32, in turns. */
import { Arena } from '../../services/compute/engine/device/arena.ts';
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { Recorder } from '../../services/compute/engine/device/recorder.ts';
import type { Matrix, QuantizedDtype } from '../../services/compute/engine/device/tensor.ts';
import * as linear from '../../services/compute/engine/kernels/linear.ts';
import { uploadFloats } from '../../services/compute/engine/model/batch.ts';
import { decodeWeights } from '../../services/compute/engine/model/gguf/dequantize.ts';
import { BLOCKS, type QuantType } from '../../services/compute/engine/model/gguf/gguf-types.ts';
import { alignBlocks } from '../../services/compute/engine/model/gguf/quantized-blocks.ts';
import { randomBlocks } from '../../services/compute/engine/model/gguf/testing.ts';
import { interleave } from '../measure/interleave.ts';
import { summarize, type Summary } from '../measure/statistics.ts';

const TYPES: readonly QuantType[] = ['Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'Q8_0', 'Q4_K', 'Q5_K', 'Q6_K'];
/** About a SmolLM2-135M's gate, in whole blocks of 256. */
export const INNER = 768;
export const COLUMNS = 1536;
const SAMPLE_SECONDS = 0.05;

export interface QuantizedProductSpeed {
  readonly type: QuantType;
  readonly rows: number;
  /** Of a weight; float32 has 32. */
  readonly bits: number;
  /** Seconds with stored blocks over those with float32, round by round: below 1, blocks are faster. */
  readonly forward: Summary;
  readonly inputGrad: Summary;
}

export async function measureQuantizedProducts(
  gpu: Gpu,
  { rows, rounds }: { rows: readonly number[]; rounds: number },
  onType: (type: QuantType) => void,
): Promise<QuantizedProductSpeed[]> {
  const speeds: QuantizedProductSpeed[] = [];
  for (const type of TYPES) {
    onType(type);
    for (const count of rows) speeds.push(await measureType(gpu, type, count, rounds));
  }
  return speeds;
}

async function measureType(
  gpu: Gpu,
  type: QuantType,
  rows: number,
  rounds: number,
): Promise<QuantizedProductSpeed> {
  const recorder = new Recorder(gpu);
  const arena = new Arena(gpu);
  const scope = arena.scope();
  const blocks = randomBlocks(type, (INNER * COLUMNS) / BLOCKS[type].values, 1);
  const matrix = (words: Float32Array<ArrayBuffer>, dtype: 'f32' | QuantizedDtype): Matrix => {
    const { buffer } = uploadFloats(recorder, scope, words, [words.length]);
    return { buffer, rows: COLUMNS, columns: INNER, rowOffset: 0, dtype };
  };
  const kept = matrix(
    new Float32Array(alignBlocks(type, blocks).buffer),
    type.toLowerCase() as QuantizedDtype,
  );
  const widened = matrix(decodeWeights(type, blocks), 'f32');
  const x = uploadFloats(recorder, scope, new Float32Array(rows * INNER).fill(0.5), [rows, INNER]);
  const dy = uploadFloats(recorder, scope, new Float32Array(rows * COLUMNS).fill(0.5), [rows, COLUMNS]);
  const [y, dx] = [scope.take([rows, COLUMNS]), scope.take([rows, INNER])];
  const repeated = (record: () => void) => ({
    run: async (repeats: number) => {
      for (let i = 0; i < repeats; i++) record();
      await recorder.finish();
    },
  });
  const contenders = [kept, widened].flatMap((w) => [
    repeated(() => {
      linear.forward(recorder, { x, w, y, scratch: scope });
    }),
    repeated(() => {
      linear.inputGrad(recorder, { dy, w, dx, scratch: scope });
    }),
  ]);
  try {
    const timings = await interleave(contenders, { rounds, sampleSeconds: SAMPLE_SECONDS });
    const ratio = (own: readonly number[], other: readonly number[]): Summary =>
      summarize(own.map((seconds, round) => seconds / other[round]));
    return {
      ...{ type, rows, bits: (BLOCKS[type].bytes * 8) / BLOCKS[type].values },
      forward: ratio(timings[0], timings[2]),
      inputGrad: ratio(timings[1], timings[3]),
    };
  } finally {
    scope.end();
    arena.trim();
  }
}
