/**
 * How fast matrix products are beside jax-js (same operands, same adapter, in turns, results held against each other), and which
 * share that is of what the adapter allows.
 */
import type { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { relativeError } from '../../services/compute/engine/oracle/compare.ts';
import type { Limits } from '../limits/measure.ts';
import { predicted } from '../limits/predicted.ts';
import { interleaveTimings } from '../measure/interleave.ts';
import { summarize, type Summary } from '../measure/statistics.ts';
import { JAX_LAYOUTS, JaxProducts, openJax, type JaxLayout } from './jax-products.ts';
import { OurProducts } from './our-products.ts';
import type { ProductShape } from './product-shapes.ts';
import { PRODUCTS, randomOperands, type Product, type ProductsOnDevice } from './products.ts';

export interface ProductSpeed extends ProductShape {
  readonly product: Product;
  readonly rows: number;
  readonly flops: number;
  /** Seconds of one product. */
  readonly ours: Summary;
  readonly jax: Readonly<Record<JaxLayout, Summary>>;
  /** The layout in which jax-js is faster here. */
  readonly jaxBest: JaxLayout;
  /** jax-js's seconds over ours, round by round, jax-js in its better layout: above 1, ours is faster. */
  readonly speedUp: Summary;
  /** Operations per second that the adapter allows for the product, each operand moved once; and our share of it. */
  readonly limit: number;
  readonly ofLimit: number;
  /** Largest difference of the results, of their largest element. */
  readonly difference: number;
}

/** Float32 sums of up to 1536 products in different orders stay far below; other work would not. */
const TOLERANCE = 1e-3;
const SAMPLE_SECONDS = 0.05;

export interface ProductOptions {
  readonly rows: number;
  readonly rounds: number;
  readonly limits: Limits;
}

export async function measureProducts(
  gpu: Gpu,
  shapes: readonly ProductShape[],
  options: ProductOptions,
  onShape: (shape: ProductShape) => void,
): Promise<ProductSpeed[]> {
  const device = await openJax();
  const speeds: ProductSpeed[] = [];
  try {
    for (const shape of shapes) {
      onShape(shape);
      speeds.push(...(await measureShape(gpu, device, shape, options)));
    }
    return speeds;
  } finally {
    device.destroy();
  }
}

async function measureShape(
  gpu: Gpu,
  jaxDevice: GPUDevice,
  shape: ProductShape,
  { rows, rounds, limits }: ProductOptions,
): Promise<ProductSpeed[]> {
  const flops = 2 * rows * shape.inner * shape.columns;
  const bytes = 4 * (rows * shape.inner + shape.columns * shape.inner + rows * shape.columns);
  const limit = predicted(limits.roof, flops, bytes);
  const operands = randomOperands(rows, shape.inner, shape.columns);
  const ours = new OurProducts(gpu, operands);
  const [outIn, inOut] = JAX_LAYOUTS.map((layout) => new JaxProducts(jaxDevice, layout, operands));
  try {
    const speeds: ProductSpeed[] = [];
    for (const product of PRODUCTS) {
      const difference = await compare(shape, product, ours, [outIn, inOut]);
      const contenders = [ours, outIn, inOut].map((side) => ({
        run: (repeats: number) => side.run(product, repeats),
      }));
      const timings = await interleaveTimings(contenders, { rounds, sampleSeconds: SAMPLE_SECONDS });
      const [own, first, second] = timings.map(({ seconds }) => seconds);
      const counted = limits.counted === 'wall' ? own : timings[0].processorSeconds;
      const jax = { 'out-in': summarize(first), 'in-out': summarize(second) };
      const jaxBest = jax['out-in'].median <= jax['in-out'].median ? 'out-in' : 'in-out';
      speeds.push({
        ...shape,
        product,
        rows,
        flops,
        ours: summarize(own),
        jax,
        jaxBest,
        speedUp: summarize(jax[jaxBest].samples.map((seconds, round) => seconds / own[round])),
        limit,
        ofLimit: flops / summarize(counted).median / limit,
        difference,
      });
    }
    return speeds;
  } finally {
    for (const side of [ours, outIn, inOut]) side.close();
  }
}

/** Throws unless both sides compute the same: a benchmark of different work says nothing. */
async function compare(
  { name }: ProductShape,
  product: Product,
  ours: ProductsOnDevice,
  others: readonly ProductsOnDevice[],
): Promise<number> {
  const own = await ours.result(product);
  let difference = 0;
  for (const other of others)
    difference = Math.max(difference, relativeError(own, await other.result(product)));
  if (difference <= TOLERANCE) return difference;
  throw new Error(`${name}, ${product}: our result and that of jax-js differ by ${difference}`);
}
