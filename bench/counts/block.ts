/**
 * The dispatches of one block, from real runs: signatures of models with two and with three blocks over the same batch. The
 * first block of either keeps nothing for the backward, the others do; at the last layer the last block is cut down to the
 * rows that predict. So the difference is a whole block each time, and exact.
 */
import { signaturesOfBatch } from '../../services/compute/engine/attribution/signature.ts';
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import type { Sample } from '../../services/compute/engine/attribution/sample.ts';
import type { ModelConfig } from '../../services/compute/engine/model/model-config.ts';
import { freshModel } from '../engine/fresh-model.ts';
import { pooled } from '../engine/pooled-weights.ts';
import { CapturedLlama, type Dispatch } from '../profile/capture.ts';
import { difference, splitAtLoss, type Counted } from './difference.ts';
import { touchedBy } from './touched.ts';

export interface BlockDispatches {
  /** Forward alone, nothing kept. */
  readonly forward: readonly Counted[];
  /** Forward that keeps a tape, and the backward. */
  readonly taped: readonly Counted[];
  readonly backward: readonly Counted[];
}

const BLOCKS = 2;

/** @param config its number of blocks does not count */
export async function dispatchesOfBlock(
  gpu: Gpu,
  config: ModelConfig,
  samples: readonly Sample[],
): Promise<BlockDispatches> {
  const [fewer, more] = [await runOf(BLOCKS), await runOf(BLOCKS + 1)];
  const forward = difference(more.alone, fewer.alone);
  const [before, after] = [splitAtLoss(fewer.back), splitAtLoss(more.back)];
  return {
    forward,
    taped: difference(after.forward, before.forward),
    backward: difference(after.backward, before.backward),
  };

  /** At the last layer, where no block keeps anything, and at the first. */
  async function runOf(layers: number): Promise<{ alone: Counted[]; back: Counted[] }> {
    const cut = {
      ...config,
      layers,
      windows: Array.from({ length: layers }, () => config.windows[0] ?? null),
    };
    const loaded = await freshModel(gpu, cut, pooled(cut));
    const model = new CapturedLlama(loaded);
    try {
      return { alone: await counted(model, layers), back: await counted(model, 1) };
    } finally {
      model.close();
      loaded.close();
    }
  }

  async function counted(model: CapturedLlama, layer: number): Promise<Counted[]> {
    const { dispatches } = model.recorder;
    dispatches.length = 0;
    for (const result of await signaturesOfBatch(model, samples, { layers: [layer] })) {
      if ('error' in result) throw result.error;
    }
    return dispatches.map((dispatch) => countedOf(gpu, dispatch));
  }
}

function countedOf(gpu: Gpu, dispatch: Dispatch): Counted {
  const { spec, params, operandBytes, grid, work } = dispatch;
  const { operands, key } = gpu.kernel(spec);
  const touched = touchedBy(
    dispatch,
    operands.map(({ name }) => name),
  );
  return {
    ...{ shader: spec.shader, work, ...touched },
    key: `${key} (${params.join(' ')}) of ${operandBytes.join(' ')} bytes on ${grid.join(' ')}`,
  };
}
