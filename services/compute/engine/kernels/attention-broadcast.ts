/**
 * Attention by subgroup broadcasts (shaders/attention_broadcast_*.wgsl), for software adapters with subgroups of 8 lanes: a
 * load serves 8 to 24 queries of all the heads that share a key, where attention-registers.ts loads every key for every lane
 * and head. Against that on llvmpipe: 2.5 to 5 times as fast, with heads of 256 twice, in decoding 5 to 13 times.
 */
import { BLOCK_QUERIES } from './attention-blocks.ts';
import { launchForward, launchKeyGrad, launchQueryGrad, type Launch } from './attention-launch.ts';
import { registers } from './attention-registers.ts';
import type { AttentionShape, AttentionVariant } from './attention-variant.ts';
import { canBroadcast } from './matmul-broadcast.ts';

const LANES = 8;
/** A lane's slice of a head is written out, eight vec4s here. Wider ones would compile for longer: they go to the other kernels. */
const WIDEST_HEAD = 256;

export const broadcast: AttentionVariant = {
  name: 'broadcast',
  runsOn: canBroadcast,
  suits: canBroadcast,

  forward(recorder, attention) {
    const { headDim } = attention;
    // By headDim alone: sums go in the order of keys that a turn takes, and a query has the same bits in any block.
    const sets = isWide(headDim) ? 1 : 2;
    if (headDim > WIDEST_HEAD) registers.forward(recorder, attention);
    else launchForward(recorder, ofQueries('attention_broadcast_forward', attention, sets), attention);
  },

  queryGrad(recorder, attention) {
    if (attention.headDim > WIDEST_HEAD) registers.queryGrad(recorder, attention);
    else launchQueryGrad(recorder, ofQueries('attention_broadcast_query_grad', attention), attention);
  },

  keyGrad(recorder, attention) {
    if (attention.headDim > WIDEST_HEAD) registers.keyGrad(recorder, attention);
    else launchKeyGrad(recorder, ofKeys('attention_broadcast_key_grad', attention), attention);
  },
};

/**
 * Workgroups hold queries of all heads of a group.
 * @param sets keys that a lane has at a time: two are faster in the forward of narrow heads, one everywhere else
 */
function ofQueries(shader: string, attention: AttentionShape, sets = 1): Launch {
  const { heads, kvHeads, headDim, longest = BLOCK_QUERIES } = attention;
  const group = heads / kvHeads;
  const rows = queryRows(headDim, group, longest * group);
  const parts = Math.ceil((longest * group) / rows);
  return { shader, constants: { ROWS: rows, SETS: sets }, parts, heads: kvHeads };
}

/** Workgroups hold keys. */
function ofKeys(shader: string, { kvHeads, headDim, longest = BLOCK_QUERIES }: AttentionShape): Launch {
  const rows = isVeryWide(headDim) ? LANES : 2 * LANES;
  return { shader, constants: { ROWS: rows, SETS: 1 }, parts: Math.ceil(longest / rows), heads: kvHeads };
}

/**
 * Rows that a workgroup holds, of so many in a block at most. 24 share a load best, while there is room for them and they
 * divide a whole block (32 queries of 3 heads); in decoding there are few.
 */
function queryRows(headDim: number, group: number, most: number): number {
  if (most <= LANES || isVeryWide(headDim)) return LANES;
  return group % 3 === 0 && !isWide(headDim) ? 3 * LANES : 2 * LANES;
}

/** Lanes hold more than two vec4s of a row. */
function isWide(headDim: number): boolean {
  return headDim > 2 * LANES * 4;
}

/** More than four. */
function isVeryWide(headDim: number): boolean {
  return headDim > 4 * LANES * 4;
}
