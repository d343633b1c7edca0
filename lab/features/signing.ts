/** The engine's passes over any number of samples, batch after batch, for those who keep next to nothing of each. */
import { ReptraceError } from '../../lib/errors.ts';
import type { Sample } from '../../services/compute/engine/attribution/sample.ts';
import { signatureBatches } from '../../services/compute/engine/attribution/signature-batches.ts';
import type { Signature, SignatureOptions } from '../../services/compute/engine/attribution/signature.ts';
import type { Model } from '../../services/compute/engine/model/model.ts';
import { throwIfStopped } from './stop.ts';

export interface PassOptions {
  readonly signal?: AbortSignal | undefined;
  /** Samples done, of so many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Gives each sample's signature to `take`, in the order of the samples. Throws what keeps a sample from having one (NOT_FINITE,
 * PROMPT_TOO_LONG), which names it, and CANCELLED.
 * @returns seconds that it took
 */
export async function sign(
  model: Model,
  samples: readonly Sample[],
  wanted: SignatureOptions,
  take: (signature: Signature, index: number) => void,
  { signal, onProgress }: PassOptions = {},
): Promise<number> {
  const started = performance.now();
  let done = 0;
  throwIfStopped(signal);
  for await (const results of signatureBatches(model, samples, wanted)) {
    for (const result of results) {
      if ('error' in result) throw result.error;
      take(result, done);
      done += 1;
    }
    onProgress?.(done, samples.length);
    if (done < samples.length) throwIfStopped(signal);
  }
  return (performance.now() - started) / 1000;
}

/** -log p of each response token of each sample under the base model, in nats. Throws as `sign` does, and says that it is the base. */
export async function baseLosses(
  base: Model,
  samples: readonly Sample[],
  options: PassOptions = {},
): Promise<{ readonly nll: readonly Float64Array[]; readonly seconds: number }> {
  const nll: Float64Array[] = [];
  try {
    const seconds = await sign(
      base,
      samples,
      { layers: [] },
      (signature) => nll.push(signature.nll),
      options,
    );
    return { nll, seconds };
  } catch (error) {
    if (!(error instanceof ReptraceError) || error.code === 'CANCELLED') throw error;
    throw new ReptraceError(error.code, `under the base model, ${error.message}`, error.remedy, {
      cause: error,
    });
  }
}

/** log p_tuned - log p_base of each response token, in nats. Throws as `sign` does. */
export async function ratiosOf(
  pair: { readonly tuned: Model; readonly base: Model },
  samples: readonly Sample[],
  options: PassOptions = {},
): Promise<readonly Float64Array[]> {
  const { nll } = await baseLosses(pair.base, samples, options);
  const ratios: Float64Array[] = [];
  await sign(
    pair.tuned,
    samples,
    { layers: [] },
    (signature, i) => ratios.push(signature.nll.map((loss, t) => nll[i][t] - loss)),
    options,
  );
  return ratios;
}
