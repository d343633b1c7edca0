/**
 * What tuning found, in a file of its own for each adapter, driver and version of the kernels. It is only ever a help: one that
 * cannot be read is made anew.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isAbsent } from '../../../../lib/absent.ts';
import { reasonOf } from '../../../../lib/errors.ts';
import { readBounded } from '../../../../lib/read-bounded.ts';
import type { AdapterReport, Numbers } from '../device/gpu.ts';
import { shaderSource } from '../device/kernel.ts';

export type Thoroughness = 'quick' | 'full';

/** The fastest variant of a product, by `productKey`, and how it was found. */
export interface Choice {
  readonly variant: string;
  readonly thoroughness: Thoroughness;
}

export type Choices = ReadonlyMap<string, Choice>;

const VERSION = 1;
/** A model has some dozens of products. */
const MOST_BYTES = 1 << 20;
/** Their text decides what is fast. */
const SHADERS = ['matmul_broadcast', 'matmul_staged', 'matmul_outer', 'transpose', 'widen'];

export function choicesPath(
  folder: string,
  { vendor, device, description }: AdapterReport,
  numbers: Numbers,
) {
  const slug = device
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 60);
  // The description names the driver and its version.
  const what = [VERSION, vendor, device, description, numbers, ...SHADERS.map(shaderSource)];
  const digest = createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 16);
  return join(folder, 'tuning', `linear-${numbers}-${slug === '' ? 'adapter' : slug}-${digest}.json`);
}

/**
 * What a file holds of variants that there are; nothing where there is none.
 * @param onUnreadable told why, for one that is there
 */
export async function readChoices(
  path: string,
  variants: readonly string[],
  onUnreadable: (why: string) => void,
): Promise<Map<string, Choice>> {
  const choices = new Map<string, Choice>();
  try {
    const { products } = JSON.parse(await readBounded(path, MOST_BYTES)) as { products?: unknown };
    if (typeof products !== 'object' || products === null) throw new Error('it has no products');
    for (const [key, choice] of Object.entries(products)) {
      if (isChoice(choice) && variants.includes(choice.variant)) choices.set(key, choice);
    }
  } catch (error) {
    if (!isAbsent(error)) onUnreadable(reasonOf(error));
  }
  return choices;
}

/** Whole or not at all. */
export async function writeChoices(path: string, adapter: AdapterReport, choices: Choices): Promise<void> {
  const { vendor, architecture, device, description } = adapter;
  const contents = {
    ...{ version: VERSION, adapter: { vendor, architecture, device, description } },
    products: Object.fromEntries(choices),
  };
  await mkdir(dirname(path), { recursive: true });
  const part = `${path}.${randomUUID()}`;
  try {
    await writeFile(part, `${JSON.stringify(contents, null, 2)}\n`);
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

function isChoice(value: unknown): value is Choice {
  if (typeof value !== 'object' || value === null) return false;
  const { variant, thoroughness } = value as Record<string, unknown>;
  return typeof variant === 'string' && (thoroughness === 'quick' || thoroughness === 'full');
}
