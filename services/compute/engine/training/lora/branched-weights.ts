/** A model's weights, each adapted layer with its low-rank branch. */
import type { Recorder } from '../../device/recorder.ts';
import { matrixRows } from '../../device/tensor.ts';
import type { WeightStore } from '../../model/weight-store.ts';
import type { BlockWeights, EndWeights, LowRank, Projection, VocabularyPart } from '../../model/weights.ts';

/** A module's branch: `b` has the rows of all layers that are fused in it, in the order of the block. */
export type Branch = LowRank;

export class BranchedWeights implements WeightStore {
  readonly streamed: boolean;
  readonly ends: EndWeights;
  readonly vocabularyParts: number;
  readonly #frozen: WeightStore;
  readonly #branches: ReadonlyMap<string, Branch>;

  /** @param branches by module, as `Projection.name` has it */
  constructor(frozen: WeightStore, branches: ReadonlyMap<string, Branch>) {
    this.#frozen = frozen;
    this.#branches = branches;
    this.streamed = frozen.streamed;
    this.ends = frozen.ends;
    this.vocabularyParts = frozen.vocabularyParts;
  }

  get bytes(): number {
    return this.#frozen.bytes;
  }

  embedding(recorder: Recorder, part: number): VocabularyPart | Promise<VocabularyPart> {
    return this.#frozen.embedding(recorder, part);
  }

  async block(recorder: Recorder, layer: number, next?: number): Promise<BlockWeights> {
    return branched(await this.#frozen.block(recorder, layer, next), this.#branches);
  }

  head(recorder: Recorder, part: number): VocabularyPart | Promise<VocabularyPart> {
    return this.#frozen.head(recorder, part);
  }

  /** Frees the frozen weights. The branches are somebody else's. */
  close(): void {
    this.#frozen.close();
  }
}

function branched(block: BlockWeights, branches: ReadonlyMap<string, Branch>): BlockWeights {
  const rowsTaken = new Map<string, number>();
  const withBranch = (projection: Projection): Projection => {
    const { name, outputs } = projection;
    const branch = branches.get(name);
    if (branch === undefined) return projection;
    const first = rowsTaken.get(name) ?? 0;
    rowsTaken.set(name, first + outputs);
    return { ...projection, lowRank: { ...branch, b: matrixRows(branch.b, first, outputs) } };
  };
  // Fused layers share a name; rowsInBlockOrder (assemble.ts) has them in the order that they have here.
  return {
    ...block,
    q: withBranch(block.q),
    k: withBranch(block.k),
    v: withBranch(block.v),
    o: withBranch(block.o),
    gate: block.gate === undefined ? undefined : withBranch(block.gate),
    up: withBranch(block.up),
    down: withBranch(block.down),
  };
}
