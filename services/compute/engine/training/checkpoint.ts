/**
 * Checkpoints of a training run: parameters and AdamW moments in float32 with the step that they belong to, in
 * OUT/checkpoints/step-N. A checkpoint is written beside its place and renamed into it, so that a killed run leaves the
 * one before whole; older ones are then removed.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessAbsent } from '../../../../lib/absent.ts';
import { reasonOf, ReptraceError } from '../../../../lib/errors.ts';
import { decodeFloats } from '../model/dtype.ts';
import { readSafetensors } from '../model/read-safetensors.ts';
import { writeSafetensors } from '../model/safetensors-writer.ts';
import type { Trainer } from './trainer.ts';

export interface CheckpointState {
  readonly step: number;
  /** Of everything that the run's losses depend on; another run's checkpoint is refused. */
  readonly runDigest: string;
}

const FOLDER = 'checkpoints';
const PARTS = ['value', 'first', 'second'] as const;

export async function writeCheckpoint(out: string, trainer: Trainer, runDigest: string): Promise<void> {
  const folder = join(out, FOLDER);
  const name = `step-${trainer.steps}`;
  const temporary = join(folder, `.${name}.tmp`);
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  const tensors = trainer.parameters.list.flatMap((parameter) =>
    PARTS.map((part) => ({
      name: `${part}/${parameter.spec.name}`,
      dtype: 'F32' as const,
      shape: parameter.spec.shape,
      data: () => trainer.read(parameter[part]),
    })),
  );
  await writeSafetensors(join(temporary, 'state.safetensors'), tensors);
  const state: CheckpointState = { step: trainer.steps, runDigest };
  await writeFile(join(temporary, 'state.json'), JSON.stringify(state));
  await rm(join(folder, name), { recursive: true, force: true });
  await rename(temporary, join(folder, name));
  for (const other of await readdir(folder)) {
    if (other !== name) await rm(join(folder, other), { recursive: true, force: true });
  }
}

/**
 * Puts the newest checkpoint of `out` into the trainer.
 * @returns its step, or 0 when there is none
 * Throws CHECKPOINT_INVALID when it is damaged or of another run.
 */
export async function restoreCheckpoint(out: string, trainer: Trainer, runDigest: string): Promise<number> {
  const names = await unlessAbsent(readdir(join(out, FOLDER)), []);
  const steps = names.flatMap((name) => (/^step-\d+$/.test(name) ? [Number(name.slice(5))] : []));
  if (steps.length === 0) return 0;
  const folder = join(out, FOLDER, `step-${Math.max(...steps)}`);
  try {
    const state = JSON.parse(await readFile(join(folder, 'state.json'), 'utf8')) as Partial<CheckpointState>;
    if (state.runDigest !== runDigest) {
      throw new Error('it belongs to a run with other data, settings or initial weights');
    }
    const tensors = await readSafetensors(join(folder, 'state.safetensors'));
    trainer.restore(state.step ?? 0, ({ spec }, part) => {
      const tensor = tensors.get(`${part}/${spec.name}`);
      if (tensor?.shape.join() !== spec.shape.join())
        throw new Error(`it has no ${part} of ${spec.name} in its shape`);
      return decodeFloats(tensor.dtype, tensor.bytes);
    });
    return trainer.steps;
  } catch (error) {
    throw new ReptraceError(
      'CHECKPOINT_INVALID',
      `the checkpoint ${folder} cannot be resumed: ${reasonOf(error)}`,
      'Resume with the settings that the run was started with, or train into another folder.',
      { cause: error },
    );
  }
}

export async function removeCheckpoints(out: string): Promise<void> {
  await rm(join(out, FOLDER), { recursive: true, force: true });
}
