/**
 * Checkpoints to resume a run from, in OUT/checkpoints/step-N: the newest only. The one before is removed when a new one is
 * whole.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessAbsent } from '../../../../lib/absent.ts';
import { differences, type RunIdentity } from './run-identity.ts';
import { restoreState, writeState } from './state-files.ts';
import type { Trainer } from './trainer.ts';

const FOLDER = 'checkpoints';

/** @param run goes with it: another run's checkpoint is refused */
export async function writeCheckpoint(out: string, trainer: Trainer, run: RunIdentity): Promise<void> {
  const folder = join(out, FOLDER);
  const name = `step-${trainer.steps}`;
  await writeState(join(folder, name), trainer, { step: trainer.steps, run });
  for (const other of await readdir(folder)) {
    if (other !== name) await rm(join(folder, other), { recursive: true, force: true });
  }
}

/**
 * Puts the newest checkpoint of `out` into the trainer.
 * @returns its step, or 0 when there is none
 * Throws CHECKPOINT_INVALID when it is damaged, or of another run, naming what differs.
 */
export async function restoreCheckpoint(out: string, trainer: Trainer, run: RunIdentity): Promise<number> {
  const names = await unlessAbsent(readdir(join(out, FOLDER)), []);
  const steps = names.flatMap((name) => (/^step-\d+$/.test(name) ? [Number(name.slice(5))] : []));
  if (steps.length === 0) return 0;
  await restoreState(join(out, FOLDER, `step-${Math.max(...steps)}`), trainer, (state) => {
    const other = differences(state['run'], run, 'unwritten');
    if (other.length > 0) throw new Error(`it is of another run (${other.join('; ')})`);
  });
  return trainer.steps;
}

export async function removeCheckpoints(out: string): Promise<void> {
  await rm(join(out, FOLDER), { recursive: true, force: true });
}
