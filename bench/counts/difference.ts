/** What one block adds to a run: the dispatches of a model with one block more, less those of the model without it. */
import type { Touched } from './touched.ts';

export interface Counted extends Touched {
  /** Of its shader. */
  readonly shader: string;
  /** Equal for dispatches that do the same. */
  readonly key: string;
  /** Floating point operations. */
  readonly work: number;
}

/** What is left of `more` where every one of `fewer` is taken away. Throws where one of `fewer` is not in `more`. */
export function difference<T extends Pick<Counted, 'key'>>(more: readonly T[], fewer: readonly T[]): T[] {
  const left = new Map<string, number>();
  for (const { key } of fewer) left.set(key, (left.get(key) ?? 0) + 1);
  const added = more.filter(({ key }) => {
    const count = left.get(key) ?? 0;
    if (count > 0) left.set(key, count - 1);
    return count === 0;
  });
  const missing = [...left].find(([, count]) => count > 0);
  if (missing === undefined) return added;
  throw new Error(
    `a model does more than one with a block more: ${missing[1]} times ${missing[0]}; the difference is no block`,
  );
}

/** A run before and from its first dispatch of the backward, which begins at the loss. */
export function splitAtLoss<T extends Pick<Counted, 'shader'>>(
  run: readonly T[],
): { readonly forward: T[]; readonly backward: T[] } {
  const at = run.findIndex(({ shader }) => shader === 'cross_entropy_backward');
  if (at < 0) throw new Error('the run has no backward: no dispatch of cross_entropy_backward is in it');
  return { forward: run.slice(0, at), backward: run.slice(at) };
}

export interface ShaderTotal extends Touched {
  readonly shader: string;
  readonly dispatches: number;
  readonly work: number;
}

/** By shader, most bytes first. */
export function byShader(dispatches: readonly Counted[]): ShaderTotal[] {
  const totals = new Map<string, ShaderTotal>();
  for (const { shader, ...one } of dispatches) {
    totals.set(shader, added(totals.get(shader) ?? { ...NONE, shader }, { ...one, dispatches: 1 }));
  }
  return [...totals.values()].sort((a, b) => b.read + b.written - a.read - a.written);
}

const NONE = { dispatches: 0, read: 0, written: 0, work: 0 };

function added(total: ShaderTotal, one: Omit<ShaderTotal, 'shader'>): ShaderTotal {
  return {
    shader: total.shader,
    dispatches: total.dispatches + one.dispatches,
    read: total.read + one.read,
    written: total.written + one.written,
    work: total.work + one.work,
  };
}
