/**
 * Fresh weights for large shapes: matrices are cut from one pool of normal numbers, over and over, since drawing each number of a
 * billion would take longer than all that is measured. For speed alone; nothing should be learned from such a model.
 */
import { Random } from '../../lib/random.ts';
import { elementCount } from '../../services/compute/engine/device/tensor.ts';
import type { ModelConfig } from '../../services/compute/engine/model/model-config.ts';
import type { TensorSpec } from '../../services/compute/engine/model/model-tensors.ts';

/** A prime, so that rows of no matrix begin alike. */
const POOL = 999_983;
const SEED = 1;

/** As `fromSeed`: matrices normal with standard deviation initializerRange, norms one, biases zero. */
export function pooled({
  initializerRange,
}: Pick<ModelConfig, 'initializerRange'>): (spec: TensorSpec) => Promise<Float32Array<ArrayBuffer>> {
  const random = new Random(SEED);
  const pool = Float32Array.from({ length: POOL }, () => random.normal() * initializerRange);
  let next = 0;
  return ({ shape, kind }) => {
    const values = new Float32Array(elementCount(shape));
    if (kind === 'weight' && shape.length === 1) values.fill(1);
    else if (kind === 'weight') {
      for (let at = 0; at < values.length;) {
        const part = pool.subarray(next, next + values.length - at);
        values.set(part, at);
        at += part.length;
        next = (next + part.length) % POOL;
      }
    }
    return Promise.resolve(values);
  };
}
