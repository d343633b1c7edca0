/**
 * Attention with queries (or keys) in each lane's registers (shaders/attention_forward.wgsl, attention_query_grad.wgsl,
 * attention_key_grad.wgsl): runs everywhere.
 */
import type { Recorder } from '../device/recorder.ts';
import { BLOCK_QUERIES } from './attention-blocks.ts';
import { launchForward, launchKeyGrad, launchQueryGrad } from './attention-launch.ts';
import type { AttentionVariant } from './attention-variant.ts';

/** Lanes of a workgroup, as in shaders/lib/block.wgsl. */
const LANES = 8;
/** Queries (or keys) that a lane holds at most: with four keys (or queries) at a time, a 4 x 4 tile of scores. */
const PER_LANE = BLOCK_QUERIES / LANES;
/** Numbers that a lane holds of each operand, its queries times headDim: wider heads leave it fewer queries. */
const LANE_WIDTH = 512;

export const registers: AttentionVariant = {
  name: 'registers',
  runsOn: () => true,
  suits: () => true,

  forward(recorder, attention) {
    const { heads, headDim, longest = BLOCK_QUERIES } = attention;
    // In decoding every block has one query: lanes with room for four would compute it four times.
    const perLane = longest <= LANES ? 1 : perLaneOf(headDim);
    const launch = {
      ...{ shader: 'attention_forward', constants: { QUERIES: perLane, UNROLLED: isUnrolled(recorder) } },
      ...{ heads, parts: Math.ceil(longest / (LANES * perLane)) },
    };
    launchForward(recorder, launch, attention);
  },

  queryGrad(recorder, attention) {
    const perLane = perLaneOf(attention.headDim);
    const constants = { QUERIES: perLane, UNROLLED: isUnrolled(recorder) };
    const launch = { shader: 'attention_query_grad', constants, parts: PER_LANE / perLane };
    launchQueryGrad(recorder, { ...launch, heads: attention.heads }, attention);
  },

  keyGrad(recorder, attention) {
    const perLane = perLaneOf(attention.headDim);
    const constants = { KEYS: perLane, UNROLLED: isUnrolled(recorder) };
    const launch = { shader: 'attention_key_grad', constants, parts: PER_LANE / perLane };
    launchKeyGrad(recorder, { ...launch, heads: attention.kvHeads }, attention);
  },
};

/** Unrolled, loops over headDim stay in registers on a GPU, and take half a minute to compile on a software adapter. */
function isUnrolled({ gpu }: Recorder): boolean {
  return !gpu.report.software;
}

/** 4 up to headDim 128, 2 up to 256, 1 beyond: a lane's memory stays what it is at 128. */
function perLaneOf(headDim: number): number {
  if (headDim * PER_LANE <= LANE_WIDTH) return PER_LANE;
  return headDim * 2 <= LANE_WIDTH ? 2 : 1;
}
