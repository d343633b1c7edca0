/** How a plan is shown: fields of IndexPlan over what planIndex gives. */
import type { IndexPlan } from '../builds/plan-index.ts';
import type { IndexPlanResolvers } from '../schema.generated.ts';

const SHOWN_FAILURES = 20;

export const planResolvers: IndexPlanResolvers = {
  summary: ({ rows, survey }) => (survey.exact ? rows.summary : `about ${rows.summary}`),
  rows: ({ rows }) => rows.total,
  rowsExact: ({ survey }) => survey.exact,
  sourceRows: ({ survey }) => survey.sourceRows,
  unreadable: ({ survey }) => survey.badRowCount,
  kept: ({ rows }) => rows.kept,
  toSign: ({ rows }) => rows.toSign,
  refusedShare: ({ compute: { tokens } }) => share(tokens.failed, tokens.rows + tokens.failed),
  failures: failuresOf,
  tokens: ({ signable, compute: { tokens } }) => ({
    total: Math.round(signable * tokens.mean),
    sampled: tokens.rows,
    mean: tokens.mean,
    p95: tokens.p95,
    max: tokens.max,
    truncatedShare: share(tokens.truncated, tokens.rows),
  }),
  layers: ({ layersDecided, compute }) => ({ layers: compute.layers, decided: layersDecided }),
  memory: ({ compute: { memory } }) => ({
    ...memory,
    mode: memory.mode === 'streamed' ? 'STREAMED' : 'RESIDENT',
  }),
  flops: ({ compute }) => compute.flops,
  seconds: ({ compute }) => ({
    ...compute.seconds,
    flopsPerSecond: compute.flopsPerSecond,
    speedOf: compute.speedOf === 'batches' ? 'BATCHES' : 'TRIAL',
  }),
  gpu: ({ model }) => model.adapterName,
};

/** Rows that cannot be read, and rows that the model cannot take, in their order. */
function failuresOf({ survey, compute }: IndexPlan) {
  const unreadable = survey.badRows.map(({ row, line, reason }) => {
    return { row, line, code: 'DATASET_INVALID' as const, reason };
  });
  const refused = compute.tokens.failures.flatMap(({ index, code, reason }) => {
    const row = survey.sample[index]?.row;
    return row === undefined ? [] : [{ row, line: null, code, reason }];
  });
  return [...unreadable, ...refused].sort((a, b) => a.row - b.row).slice(0, SHOWN_FAILURES);
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
