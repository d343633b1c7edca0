/**
 * Checkpoints that stay after a run, in OUT/kept/step-N: for methods that look at a training from several of its points,
 * with AdamW's moments as they were there.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessAbsent } from '../../../../lib/absent.ts';
import { ReptraceError } from '../../../../lib/errors.ts';
import { invalidState, readStateFile, restoreState, writeState } from './state-files.ts';
import type { Trainer } from './trainer.ts';

export interface KeptCheckpoint {
  readonly folder: string;
  /** Optimizer steps taken. */
  readonly step: number;
  /** Of the last of these steps. */
  readonly learningRate: number;
}

const FOLDER = 'kept';

export async function keepCheckpoint(out: string, trainer: Trainer, learningRate: number): Promise<void> {
  const { steps: step } = trainer;
  await writeState(join(out, FOLDER, `step-${step}`), trainer, { step, learningRate });
}

/** Those of a run, the earliest first. Throws CHECKPOINT_INVALID for one that does not say its step or rate. */
export async function keptCheckpoints(out: string): Promise<readonly KeptCheckpoint[]> {
  const names = await unlessAbsent(readdir(join(out, FOLDER)), []);
  const kept: KeptCheckpoint[] = [];
  for (const name of names.filter((name) => /^step-\d+$/.test(name))) {
    const folder = join(out, FOLDER, name);
    const { step, learningRate } = await readStateFile(folder);
    if (typeof learningRate !== 'number' || !Number.isFinite(learningRate))
      throw invalidState(folder, new Error('state.json does not say the learning rate'));
    kept.push({ folder, step, learningRate });
  }
  return kept.sort((a, b) => a.step - b.step);
}

/**
 * Puts a kept checkpoint into a trainer of the same model and adapter: parameters, moments and the number of steps. Throws
 * CHECKPOINT_INVALID when it is damaged or of other parameters.
 */
export async function restoreKept(folder: string, trainer: Trainer): Promise<void> {
  await restoreState(folder, trainer);
}

/** Before a run that begins anew. */
export async function removeKept(out: string): Promise<void> {
  await rm(join(out, FOLDER), { recursive: true, force: true });
}

/** Throws INPUT_INVALID unless the run has all these steps. */
export function checkKeptSteps(keepAt: readonly number[], totalSteps: number): void {
  const beyond = keepAt.find((step) => !Number.isInteger(step) || step < 1 || step > totalSteps);
  if (beyond === undefined) return;
  throw new ReptraceError(
    'INPUT_INVALID',
    `a checkpoint is to be kept after step ${beyond}, and the run has ${totalSteps} steps`,
    `Name steps from 1 to ${totalSteps}.`,
  );
}

/** The first of these steps that `out` kept no checkpoint after. Throws CHECKPOINT_INVALID as keptCheckpoints does. */
export async function missingKept(out: string, steps: readonly number[]): Promise<number | undefined> {
  const kept = steps.length === 0 ? [] : await keptCheckpoints(out);
  return steps.find((wanted) => !kept.some(({ step }) => step === wanted));
}

/** Throws INPUT_INVALID unless those that a resumed run has behind it are there: it does not come by them again. */
export async function checkKeptBefore(out: string, keepAt: readonly number[], steps: number): Promise<void> {
  const missing = await missingKept(
    out,
    keepAt.filter((step) => step <= steps),
  );
  if (missing === undefined) return;
  throw new ReptraceError(
    'INPUT_INVALID',
    `a checkpoint is to be kept after step ${missing}, and the run that goes on after step ${steps} kept none there`,
    `Name steps from ${steps + 1} on, or train into another folder.`,
  );
}
