/**
 * Token scores: scores[n] = query . g[n] / |g[n]|, 0 for a row of zeros. With `query` the sum of an output's unit gradient
 * rows this says which tokens of a training sample pull the same way (RepT, arXiv 2510.02334, token level).
 * Shapes: g [rows, width], query [width], scores [rows].
 */
import { flatGrid, type Recorder } from '../device/recorder.ts';
import { expectMultipleOf4, expectShape, type Tensor } from '../device/tensor.ts';

export * as oracle from '../oracle/token-scores.ts';

export function forward(
  recorder: Recorder,
  { g, query, scores }: { g: Tensor; query: Tensor; scores: Tensor },
): void {
  const [rows = 0, width = 0] = g.shape;
  expectShape('g', g, [rows, width]);
  expectMultipleOf4('the width of g', width);
  expectShape('query', query, [width]);
  expectShape('scores', scores, [rows]);
  recorder.run(
    { shader: 'token_scores' },
    [rows, width],
    [g.buffer, query.buffer, scores.buffer],
    flatGrid(rows),
    rows * width * 6,
  );
}
