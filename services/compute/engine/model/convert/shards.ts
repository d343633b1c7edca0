/** How a model's tensors are spread over files, by the names and the index that transformers reads. Pure. */

export interface Sized {
  readonly name: string;
  readonly bytes: number;
}

export interface Shard<T> {
  readonly file: string;
  readonly tensors: readonly T[];
}

/** As Hugging Face cuts them. */
export const SHARD_BYTES = 5e9;

/**
 * One file where all fits into it; else as many as needed, filled in the order of the tensors. A tensor is never cut: one
 * that is larger than a shard has a file of its own.
 */
export function planShards<T extends Sized>(tensors: readonly T[], shardBytes: number): Shard<T>[] {
  const groups: T[][] = [];
  let room = 0;
  for (const tensor of tensors) {
    const last = groups.at(-1);
    if (last === undefined || tensor.bytes > room) {
      groups.push([tensor]);
      room = shardBytes - tensor.bytes;
    } else {
      last.push(tensor);
      room -= tensor.bytes;
    }
  }
  if (groups.length <= 1) return [{ file: 'model.safetensors', tensors }];
  const number = (n: number): string => String(n).padStart(5, '0');
  return groups.map((group, i) => ({
    file: `model-${number(i + 1)}-of-${number(groups.length)}.safetensors`,
    tensors: group,
  }));
}

/** The contents of model.safetensors.index.json; null for a single file, which needs none. */
export function shardIndex(shards: readonly Shard<Sized>[]): unknown {
  if (shards.length === 1) return null;
  const entries = shards.flatMap(({ file, tensors }) => tensors.map(({ name }) => [name, file] as const));
  const total = shards.reduce(
    (sum, { tensors }) => sum + tensors.reduce((all, { bytes }) => all + bytes, 0),
    0,
  );
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return { metadata: { total_size: total }, weight_map: Object.fromEntries(sorted) };
}
