/**
 * A run whose result is written already. --resume has nothing to go on with then: it says so, or refuses where the result is of
 * another run, and leaves the folder as it is either way.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf, ReptraceError } from '../../../../lib/errors.ts';
import { readBounded } from '../../../../lib/read-bounded.ts';
import { unlessAbsent } from '../../../../lib/absent.ts';
import { missingKept } from './kept.ts';
import { differences, type RunIdentity } from './run-identity.ts';

/** How a run ended, as its manifest has it. */
export interface Outcome {
  readonly steps: number;
  readonly finalLoss: number;
  readonly seconds: number;
}

/** What says that the result is there; manifest.json alone may be what a run that begins again has left. */
const RESULTS = ['model.safetensors', 'adapter_model.safetensors'];
/** Bytes; the demo's, with all its answers, has 80 thousand. */
const LARGEST_MANIFEST = 32 << 20;
const MADE = 'reptrace train';

/** What `out` gets as its manifest.json, the last file of a result. */
export function manifestOf(run: RunIdentity, outcome: Outcome & { readonly resumedAt: number }): unknown {
  return { made: MADE, ...run, outcome };
}

/**
 * How the run ended that is asked for, where `out` has its result; undefined where it has none yet.
 * @param keepAt steps whose checkpoints the run is to have kept
 * Throws CONFLICT where the result is of another run, naming what differs.
 */
export async function finishedRun(
  out: string,
  run: RunIdentity,
  keepAt: readonly number[],
): Promise<Outcome | undefined> {
  if (!RESULTS.some((name) => existsSync(join(out, name)))) return undefined;
  const manifest = await readManifest(out);
  // The weights are written first, and the losses before them: a run that ended between weights and manifest is not finished.
  if (manifest === undefined && existsSync(join(out, 'losses.jsonl'))) return undefined;
  if (manifest?.['made'] !== MADE) throw otherResult(out, 'is not one of `reptrace train`');
  const other = differences(manifest, run, 'written');
  if (other.length > 0) throw otherResult(out, `was made otherwise (${other.join('; ')})`);
  const missing = await missingKept(out, keepAt);
  if (missing !== undefined) throw otherResult(out, `has no checkpoint that was kept after step ${missing}`);
  return outcomeOf(manifest, out);
}

async function readManifest(out: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const text = await unlessAbsent(readBounded(join(out, 'manifest.json'), LARGEST_MANIFEST), undefined);
    if (text === undefined) return undefined;
    const manifest: unknown = JSON.parse(text);
    return typeof manifest === 'object' && manifest !== null ? { ...manifest } : {};
  } catch (error) {
    throw otherResult(out, `has a manifest.json that cannot be read (${reasonOf(error)})`);
  }
}

function outcomeOf({ outcome }: Readonly<Record<string, unknown>>, out: string): Outcome {
  if (typeof outcome === 'object' && outcome !== null) {
    const { steps, finalLoss, seconds } = outcome as Readonly<Record<string, unknown>>;
    if (isNumber(steps) && isNumber(finalLoss) && isNumber(seconds)) return { steps, finalLoss, seconds };
  }
  throw otherResult(out, 'has a manifest.json that does not say how the run ended');
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function otherResult(out: string, how: string): ReptraceError {
  return new ReptraceError(
    'CONFLICT',
    `${out} holds the result of a finished run, which ${how}`,
    'Train into another folder, or remove this one. Nothing was changed.',
  );
}
