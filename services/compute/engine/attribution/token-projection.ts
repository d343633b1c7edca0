/**
 * Rows [.., width] are kept as TOKEN_DIMS numbers each: a fixed random projection, which keeps cosines to about 0.1 (mean
 * error of unrelated vectors; alike ones are nearer).
 *
 * Entries are +-1/8 with even odds, not Gaussian: D. Achlioptas, "Database-friendly random projections", JCSS 66 (2003),
 * proves the same bound for them, and the variance of a projected product is smaller than the Gaussian's by 2/k Σ a_i² b_i².
 * They need no logarithm or cosine, which engines round differently, so the matrix is the same everywhere, to the last bit.
 */
import { Random } from '../../../../lib/random.ts';
import { TOKEN_DIMS } from '../../../../lib/taught/constants.ts';
import type { Matrix, Tensor } from '../device/tensor.ts';
import * as linear from '../kernels/linear.ts';
import type { BlockContext } from '../model/block.ts';
import type { Model } from '../model/model.ts';

/** 1/sqrt(TOKEN_DIMS), so that lengths are kept too. */
const ENTRY = 1 / Math.sqrt(TOKEN_DIMS);

/**
 * [TOKEN_DIMS, width], row-major. Signs are the bits of `Random(seed)`'s words one after the other, the lowest first, a set
 * bit being a minus.
 * @param seed any integer; its low 32 bits count
 */
export function projectionMatrix(seed: number, width: number): Float32Array<ArrayBuffer> {
  const random = new Random(seed);
  const matrix = new Float32Array(TOKEN_DIMS * width);
  let word = 0;
  for (let i = 0; i < matrix.length; i++) {
    if (i % 32 === 0) word = random.uint32();
    matrix[i] = ((word >>> (i % 32)) & 1) === 1 ? -ENTRY : ENTRY;
  }
  return matrix;
}

/** The model's matrix on the GPU: made once, as long as the seed is the same. */
export function projectionOf(model: Model, seed: number): Matrix {
  const columns = model.config.hiddenSize;
  const { buffer } = model.constant('token projection', seed >>> 0, [TOKEN_DIMS, columns], () =>
    projectionMatrix(seed, columns),
  );
  return { buffer, rows: TOKEN_DIMS, columns, rowOffset: 0, dtype: 'f32' };
}

/** rows [n, width] times the matrix: a new tensor [n, TOKEN_DIMS]. */
export function projected({ recorder, scope }: BlockContext, projection: Matrix, rows: Tensor): Tensor {
  const y = scope.take([rows.shape[0] ?? 0, TOKEN_DIMS]);
  // Without scratch memory: the product is small, and takes none where it is the tightest.
  linear.forward(recorder, { x: rows, w: projection, y });
  return y;
}
