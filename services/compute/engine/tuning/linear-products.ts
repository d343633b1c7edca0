/** Which linear products a model's signatures are made of: those that the engine asks for when it runs on a GPU that only counts. */
import type { GpuKind } from '../device/gpu.ts';
import { isWeightDtype } from '../device/tensor.ts';
import { countMemory, type ModelShape } from '../attribution/memory-plan.ts';
import { BATCH_TOKENS } from '../attribution/signature-batches.ts';
import type { LinearProduct } from '../kernels/linear-choice.ts';

export interface CountedProduct extends Omit<LinearProduct, 'rows'> {
  /** How often a batch takes it. */
  readonly times: number;
}

/** Tokens of the samples: half of them prompt. */
const SAMPLE_TOKENS = 64;

/**
 * Of a full batch back to the first block's output, most work first; but for gradients of a number of columns that is no
 * multiple of 4, which only the end of a vocabulary has.
 * @param bindingLimit largest binding of the device: larger matrices come in parts
 */
export async function linearProducts(
  { config, tensors }: ModelShape,
  { report }: Pick<GpuKind, 'report'>,
  bindingLimit: number,
): Promise<CountedProduct[]> {
  const times = new Map<string, number>();
  const listening: GpuKind = {
    ...{ report, linear: undefined, numbers: 'f32' },
    tuned: {
      get: (key) => {
        times.set(key, (times.get(key) ?? 0) + 1);
        return undefined;
      },
    },
  };
  const length = Math.min(SAMPLE_TOKENS, config.maxPositions);
  const batch = Array.from({ length: Math.floor(BATCH_TOKENS / length) }, (_, i) => ({
    ...{ name: `${i}`, inputIds: new Array<number>(length).fill(0) },
    promptLength: Math.max(1, length / 2),
  }));
  await countMemory({ config, tensors, bindingLimit, kind: listening }, [batch], { layers: [1] });
  const products = [...times].map(([key, count]) => ({ ...productOf(key), times: count }));
  const even = products.filter(({ way, columns }) => way === 'forward' || columns % 4 === 0);
  return even.sort((a, b) => work(b) - work(a));
}

function work({ times, inner, columns }: CountedProduct): number {
  return times * inner * columns;
}

/** The inverse of `productKey`. */
function productOf(key: string): Omit<LinearProduct, 'rows'> {
  const [way, inner, columns, dtype] = key.split(' ');
  if ((way !== 'forward' && way !== 'inputGrad' && way !== 'weightGrad') || !isWeightDtype(dtype)) {
    throw new Error(`"${key}" is no linear product`);
  }
  return { way, inner: Number(inner), columns: Number(columns), dtype };
}
