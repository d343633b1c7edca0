/** What the verdict says of outputs that show the behaviour and of those that do not, the base model's own being the null. */
import { ALL_NEW, ALL_NEW_REMEDY, isAllNew } from '../../lib/taught/all-new.ts';
import { verdictOf } from '../../lib/taught/verdict.ts';
import { loadPair } from '../../services/compute/engine/attribution/load-pair.ts';
import type { TextPair } from '../features/lab-samples.ts';
import { ratiosOf } from '../features/signing.ts';
import { aurocBetween } from '../metrics/auroc.ts';
import { mean } from '../metrics/mean.ts';
import type { SeedResult } from '../results.ts';
import type { Answered } from './answers.ts';
import type { RunContext } from './context.ts';
import { outputItems, type Subject } from './feature-steps.ts';
import { jsonStep } from './work-folder.ts';

const STATES = ['TAUGHT', 'NOT_TAUGHT', 'UNCERTAIN'] as const;

/** Of each output, log p_tuned - log p_base of its response tokens. */
export interface OutputRatios {
  readonly traced: readonly (readonly number[])[];
  readonly clean: readonly (readonly number[])[];
  readonly ofBase: readonly (readonly number[])[];
}

export async function ratioStep(
  { gpu, work, code, signal, show }: RunContext,
  { seed, prepared, tuned }: Subject,
  { traced, clean, ofBase }: Answered,
): Promise<OutputRatios> {
  const title = `ratios of outputs, seed ${seed}`;
  const { value } = await work.step(
    jsonStep({
      ...{ name: `seed-${seed}/ratios`, title, code: code.features },
      inputs: { base: prepared.base.digest, tuned: tuned.digest, traced, clean, ofBase },
      value: async (): Promise<OutputRatios> => {
        const pair = await loadPair(gpu, tuned.source, prepared.base.source);
        try {
          const of = async (outputs: readonly TextPair[]): Promise<number[][]> => {
            const ratios = await ratiosOf(pair, outputItems(prepared, outputs).samples, { signal });
            show(`${title}: ${outputs.length} more`);
            return ratios.map((each) => [...each]);
          };
          return { traced: await of(traced), clean: await of(clean), ofBase: await of(ofBase) };
        } finally {
          pair.close();
        }
      },
    }),
  );
  return value;
}

/** What the product tells of such an index; nothing where the base model knows the data. */
export function allNew({ ofBase }: Pick<OutputRatios, 'ofBase'>): string[] {
  return isAllNew({ nullRatios: ofBase.map(mean) }) ? [`${ALL_NEW} ${ALL_NEW_REMEDY}`] : [];
}

/** null for outputs that there are none of. */
export function verdictFigures({ traced, clean, ofBase }: OutputRatios): SeedResult['verdicts'] {
  const nullRatios = ofBase.map(mean);
  const shares = (outputs: OutputRatios['clean']): Record<string, number> | null => {
    if (outputs.length === 0) return null;
    const found = outputs.map((ratios) => verdictOf([ratios], nullRatios).state);
    const share = (state: string) => found.filter((one) => one === state).length / found.length;
    return Object.fromEntries(STATES.map((state) => [state, share(state)]));
  };
  const isComparable = traced.length > 0 && clean.length > 0;
  return {
    showing: shares(traced),
    clean: shares(clean),
    auroc: isComparable ? aurocBetween(traced.map(mean), clean.map(mean)) : null,
  };
}
