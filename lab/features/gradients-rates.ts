/**
 * Learning rates that kept checkpoints stand for. A checkpoint speaks for all steps since the one before it: TracInCP's η_i is the step
 * size between checkpoints i - 1 and i (Pruthi et al. 2020, section 3), and LESS takes the mean rate of the epoch that ends there
 * (Xia et al. 2024, section 3; the authors' README: "average lr of the epoch"). The rate of the last step alone says little of
 * them: after a cosine decay it is near 0, and the checkpoint of the model that is traced would weigh nothing.
 *
 * Rates are those that were taken, from the run's log, whatever the schedule.
 */
import { dirname, join } from 'node:path';
import { ReptraceError } from '../../lib/errors.ts';
import { readBounded } from '../../lib/read-bounded.ts';
import type { KeptCheckpoint } from '../../services/compute/engine/training/kept.ts';

/** Of a log: about half a million steps. */
const MOST_BYTES = 64 << 20;

/**
 * Mean rate of the steps of a run after each checkpoint's predecessor, up to its own, in the order given. Throws CHECKPOINT_INVALID for a
 * run whose log is absent or lacks one of these steps.
 * @param kept of one run, in OUT/kept/step-N; its log is OUT/losses.jsonl
 */
export async function meanRates(kept: readonly KeptCheckpoint[]): Promise<readonly number[]> {
  if (kept.length === 0) return [];
  const log = join(dirname(dirname(kept[0].folder)), 'losses.jsonl');
  let rates: ReadonlyMap<number, number>;
  try {
    rates = ratesIn(await readBounded(log, MOST_BYTES));
  } catch (error) {
    throw invalid(log, 'it cannot be read', error);
  }
  const steps = kept.map(({ step }) => step);
  return steps.map((step) => {
    const before = steps.filter((other) => other < step).reduce((a, b) => Math.max(a, b), 0);
    let sum = 0;
    for (let taken = before + 1; taken <= step; taken++) {
      const rate = rates.get(taken);
      if (rate === undefined) throw invalid(log, `it does not say the learning rate of step ${taken}`);
      sum += rate;
    }
    return sum / (step - before);
  });
}

/** By step, from 1. Half of a line, which a killed run may leave, is none. */
function ratesIn(text: string): Map<number, number> {
  const rates = new Map<number, number>();
  for (const line of text.split('\n')) {
    const { step, rate } = fieldsOf(line);
    if (typeof step === 'number' && typeof rate === 'number' && Number.isFinite(rate)) rates.set(step, rate);
  }
  return rates;
}

function fieldsOf(line: string): { readonly step?: unknown; readonly rate?: unknown } {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

function invalid(log: string, why: string, cause?: unknown): ReptraceError {
  return new ReptraceError(
    'CHECKPOINT_INVALID',
    `the log ${log} of the run that kept the checkpoints cannot be used: ${why}`,
    'Train again: the log is written beside the checkpoints.',
    { cause },
  );
}
