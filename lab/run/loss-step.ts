/** How likely a model makes texts, as a step: clean rows that none was trained on, and the outputs that are traced. */
import { loadModel } from '../../services/compute/engine/attribution/load-model.ts';
import { labSamples, type TextPair } from '../features/lab-samples.ts';
import { sign } from '../features/signing.ts';
import type { KnownSource, RunContext } from './context.ts';
import { jsonStep } from './work-folder.ts';

export interface LossInput {
  /** Folders below the work folder. */
  readonly name: string;
  /** For progress. */
  readonly title: string;
  readonly model: KnownSource;
  /** What errors call a text. */
  readonly kind: string;
  readonly pairs: readonly TextPair[];
}

/** Mean response loss of each text, in nats. */
export async function lossStep(
  { gpu, work, code, signal }: RunContext,
  { name, title, model: { source, digest }, kind, pairs }: LossInput,
): Promise<readonly number[]> {
  const texts = pairs.map(({ prompt, response }) => ({ prompt, response }));
  const { value } = await work.step(
    jsonStep({
      ...{ name, title, code: code.features },
      inputs: { model: digest, texts },
      value: async (): Promise<number[]> => {
        const model = await loadModel(gpu, source);
        try {
          const losses: number[] = [];
          // Nothing is planted in them, so a long one may lose its tail.
          const samples = labSamples(
            source,
            kind,
            texts.map((text) => ({ ...text, spans: [] })),
          );
          await sign(model, samples, { layers: [] }, ({ loss }) => losses.push(loss), { signal });
          return losses;
        } finally {
          model.close();
        }
      },
    }),
  );
  return value;
}
