/** Which models other workers have: asked for and answered by notifications, since a request reaches only one of them. */
import { pause } from '../../../lib/bus/bounded.ts';
import type { Bus, Closable } from '../../../lib/bus/bus.ts';
import { decode, encode } from '../../../lib/bus/wire.ts';
import type { KnownModel } from '../../../lib/mesh/compute-messages.ts';

const QUESTION = 'compute.who-has';
const answerSubject = (needed: NeededModels): string => `compute.has.${modelsKey(needed)}`;
/** A worker that knows its models' digests answers at once; one that would have to read them may be late. */
const WAIT_MS = 1_500;

/** What a build's rows are signed with. */
export interface NeededModels {
  readonly model: KnownModel;
  /** null where none is needed. */
  readonly base: KnownModel | null;
}

/** Tells models that are needed together from others; a part of a subject, one word for each. */
export function modelsKey({ model, base }: NeededModels): string {
  return base === null ? model.digest : `${model.digest}.${base.digest}`;
}

/** @param has whether this worker has them; rejections count as no */
export async function answerWhoHas(
  bus: Bus,
  has: (needed: NeededModels) => Promise<boolean>,
): Promise<Closable> {
  return bus.listen(QUESTION, ({ payload }) => {
    void answer(bus, decode<NeededModels>(payload), has);
  });
}

async function answer(
  bus: Bus,
  needed: NeededModels,
  has: (needed: NeededModels) => Promise<boolean>,
): Promise<void> {
  try {
    if (await has(needed)) await bus.publish(answerSubject(needed), encode({}));
  } catch {
    // No answer is the answer: whoever asked does not wait for it.
  }
}

/** Whether some worker that listens has them all. Throws BUS_UNREACHABLE. */
export async function someoneHas(bus: Bus, needed: NeededModels, signal: AbortSignal): Promise<boolean> {
  const heard = new AbortController();
  const listening = await bus.listen(answerSubject(needed), () => {
    heard.abort();
  });
  try {
    await bus.publish(QUESTION, encode(needed));
    await pause(WAIT_MS, AbortSignal.any([signal, heard.signal]));
    return heard.signal.aborted;
  } finally {
    await listening.close();
  }
}
