/** Which models other workers have: asked for and answered by notifications, since a request reaches only one of them. */
import { pause } from '../../../lib/bus/bounded.ts';
import type { Bus, Closable } from '../../../lib/bus/bus.ts';
import { decode, encode } from '../../../lib/bus/wire.ts';
import type { ModelRef } from '../../../lib/mesh/compute-messages.ts';

const QUESTION = 'compute.who-has';
const answerSubject = (digest: string): string => `compute.has.${digest}`;
/** A worker that knows its models' digests answers at once; one that would have to read them may be late. */
const WAIT_MS = 1_500;

type Asked = ModelRef & { readonly digest: string };

/** @param has whether this worker has it; rejections count as no */
export async function answerWhoHas(bus: Bus, has: (model: Asked) => Promise<boolean>): Promise<Closable> {
  return bus.listen(QUESTION, ({ payload }) => {
    const model = decode<Asked>(payload);
    void answer(bus, model, has);
  });
}

async function answer(bus: Bus, model: Asked, has: (model: Asked) => Promise<boolean>): Promise<void> {
  try {
    if (await has(model)) await bus.publish(answerSubject(model.digest), encode({}));
  } catch {
    // No answer is the answer: whoever asked does not wait for it.
  }
}

/** Whether some worker that listens has it. Throws BUS_UNREACHABLE. */
export async function someoneHas(bus: Bus, model: Asked, signal: AbortSignal): Promise<boolean> {
  const heard = new AbortController();
  const listening = await bus.listen(answerSubject(model.digest), () => {
    heard.abort();
  });
  try {
    await bus.publish(QUESTION, encode(model));
    await pause(WAIT_MS, AbortSignal.any([signal, heard.signal]));
    return heard.signal.aborted;
  } finally {
    await listening.close();
  }
}
