/** Points that no model made: random unit blocks beside the demo's texts. */
import { v5 as uuidv5 } from 'uuid';
import { Random } from '../../lib/random.ts';
import type { CollectionShape, SamplePoint } from '../../services/index/stores/signature-store.ts';
import type { BenchRow } from './rows.ts';

const NAMESPACE = 'a2fbe9c5-0e62-4c4e-9d3a-6f5a5ce0a8d1';
/** Past every row of a dataset that these benchmarks index. */
const FIRST_ROW = 1_000_000;

/** Points `begin` … `end` - 1 of an endless list: always the same for the same shape and texts. */
export function syntheticPoints(
  shape: CollectionShape,
  texts: readonly BenchRow[],
  begin: number,
  end: number,
): SamplePoint[] {
  return Array.from({ length: end - begin }, (_, i) => {
    const at = begin + i;
    const { prompt, response, label } = texts[at % texts.length];
    return {
      id: uuidv5(String(at), NAMESPACE),
      row: FIRST_ROW + at,
      ...{ line: at + 1, sourceRow: FIRST_ROW + at, part: null, context: [], raw: null },
      ...{ prompt, response, label, metadata: {}, truncated: false, loss: 1, taught: null, lesson: null },
      vector: unitBlocks(shape, at),
      norms: new Float32Array(2 * shape.layers.length).fill(1),
    };
  });
}

/** [ĥ ; ĝ] of each layer, every block of norm 1. */
export function unitBlocks({ width, layers }: CollectionShape, seed: number): Float32Array {
  const random = new Random(seed);
  const vector = new Float32Array(2 * width * layers.length);
  for (let from = 0; from < vector.length; from += width) {
    const block = Array.from({ length: width }, () => random.normal());
    const norm = Math.hypot(...block);
    vector.set(
      block.map((value) => value / norm),
      from,
    );
  }
  return vector;
}
