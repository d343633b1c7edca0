/**
 * SHA-256 of the code that steps are made by, so that no kept figure is of formulas that have changed since: whoever changes one need
 * not remember anything. Whole folders, generously, in three layers, for a training takes minutes and a figure none.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface CodeDigests {
  /** Trainings and what models answer. */
  readonly models: string;
  /** What is read out of models: features, ratios, losses. */
  readonly features: string;
  /** Sets, scores and figures. */
  readonly figures: string;
}

const MODELS = ['lib/', 'shaders/', 'services/compute/engine/', 'lab/run/train-step', 'lab/run/answers'];
const FEATURES = [...MODELS, 'lab/features/', 'lab/run/'];
/** Folders, which end with /, and modules without their extension. */
export const CODE: Readonly<Record<keyof CodeDigests, readonly string[]>> = {
  models: MODELS,
  features: FEATURES,
  figures: [
    ...[...FEATURES, 'services/index/datasets/'],
    ...['lab/sets/', 'lab/methods/', 'lab/metrics/', 'lab/retrain/'],
  ],
};
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Modules run as they were written, or compiled. */
const MODULE = extname(fileURLToPath(import.meta.url));
const IS_CODE = new Set([MODULE, '.wgsl']);
const NO_CODE = /\.(?:test|d)\.[jt]s$/;

/** @param root folder that the product's code is in */
export async function codeDigests(root: string = ROOT): Promise<CodeDigests> {
  const known = new Map<string, Promise<string>>();
  const digestOf = async (parts: readonly string[]): Promise<string> => {
    const digests = parts.map((part) => {
      const digest = known.get(part) ?? partDigest(root, part);
      known.set(part, digest);
      return digest;
    });
    return sha256(await Promise.all(digests));
  };
  return {
    models: await digestOf(CODE.models),
    features: await digestOf(CODE.features),
    figures: await digestOf(CODE.figures),
  };
}

async function partDigest(root: string, part: string): Promise<string> {
  const files = part.endsWith('/') ? await codeIn(join(root, part)) : [join(root, `${part}${MODULE}`)];
  const contents: (string | Uint8Array)[] = [];
  for (const file of files) contents.push(file.slice(root.length), await readFile(file));
  return sha256(contents);
}

async function codeIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names
    .filter((name) => IS_CODE.has(extname(name)) && !NO_CODE.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** Of each part's digest, so that no two lists are one text. */
function sha256(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(createHash('sha256').update(part).digest());
  return hash.digest('hex');
}
