/**
 * A folder with the whole state of a training: parameters and AdamW moments in float32 (state.safetensors), and what is
 * known of it (state.json). Written beside its place and renamed into it, so that it is there whole or not at all.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { reasonOf, ReptraceError } from '../../../../lib/errors.ts';
import { decodeFloats } from '../model/dtype.ts';
import { readSafetensors } from '../model/read-safetensors.ts';
import { writeSafetensors } from '../model/safetensors-writer.ts';
import type { Trainer } from './trainer.ts';

const PARTS = ['value', 'first', 'second'] as const;

/** state.json, of which only this much is relied on. */
export interface State {
  readonly step: number;
  readonly [key: string]: unknown;
}

export async function writeState(folder: string, trainer: Trainer, state: State): Promise<void> {
  const temporary = join(dirname(folder), `.${basename(folder)}.tmp`);
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
  await writeFile(join(temporary, 'state.json'), JSON.stringify(state));
  await rm(folder, { recursive: true, force: true });
  await rename(temporary, folder);
}

/** Throws CHECKPOINT_INVALID. */
export async function readStateFile(folder: string): Promise<State> {
  try {
    const state: unknown = JSON.parse(await readFile(join(folder, 'state.json'), 'utf8'));
    if (typeof state === 'object' && state !== null && 'step' in state) {
      const { step } = state;
      if (typeof step === 'number' && Number.isSafeInteger(step) && step >= 0) return { ...state, step };
    }
    throw new Error('state.json does not say the step');
  } catch (error) {
    throw invalidState(folder, error);
  }
}

/**
 * Puts a state into the trainer.
 * @param check throws for a state that is not to be used
 * Throws CHECKPOINT_INVALID when it is damaged, of other parameters, or refused by `check`; the trainer is then not to be
 * used.
 */
export async function restoreState(
  folder: string,
  trainer: Trainer,
  check?: (state: State) => void,
): Promise<void> {
  const state = await readStateFile(folder);
  try {
    check?.(state);
    const tensors = await readSafetensors(join(folder, 'state.safetensors'));
    trainer.restore(state.step, ({ spec }, part) => {
      const tensor = tensors.get(`${part}/${spec.name}`);
      if (tensor?.shape.join() !== spec.shape.join())
        throw new Error(`it has no ${part} of ${spec.name} in its shape`);
      return decodeFloats(tensor.dtype, tensor.bytes);
    });
  } catch (error) {
    throw invalidState(folder, error);
  }
}

export function invalidState(folder: string, error: unknown): ReptraceError {
  return new ReptraceError(
    'CHECKPOINT_INVALID',
    `the checkpoint ${folder} cannot be used: ${reasonOf(error)}`,
    'Use it with the settings that its run was started with, or train into another folder.',
    { cause: error },
  );
}
