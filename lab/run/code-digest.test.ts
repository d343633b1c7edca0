import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CODE, codeDigests } from './code-digest.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FILES = [
  ...['lib/random.ts', 'lib/taught/score.ts', 'shaders/matmul.wgsl', 'services/compute/engine/kernels/a.ts'],
  ...['services/index/datasets/a.ts', 'lab/run/train-step.ts', 'lab/run/answers.ts'],
  ...['lab/run/span-figures.ts', 'lab/run/layer-figures.ts', 'lab/features/a.ts', 'lab/sets/behaviour.ts'],
  ...['lab/retrain/subsets.ts', 'lab/methods/a.ts', 'lab/metrics/a.ts'],
];

let root: string;
beforeEach(async () => {
  root = `${await mkdtemp(join(tmpdir(), 'reptrace-code-'))}/`;
  for (const file of FILES) await put(file, 'before');
});
afterEach(() => rm(root, { recursive: true }));

async function put(file: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), text);
}

/** Which digests are others after the change. */
async function changedBy(file: string): Promise<string[]> {
  const before = new Map<string, string>(Object.entries(await codeDigests(root)));
  await put(file, 'after');
  const after = Object.entries(await codeDigests(root));
  return after.flatMap(([name, digest]) => (before.get(name) === digest ? [] : [name]));
}

describe('codeDigests', () => {
  it.each([
    ...['lib/random.ts', 'lib/taught/score.ts', 'shaders/matmul.wgsl', 'shaders/lib/new.wgsl'],
    ...['services/compute/engine/kernels/a.ts', 'lab/run/train-step.ts', 'lab/run/answers.ts'],
  ])('makes all anew for a change of %s', async (file) => {
    expect(await changedBy(file)).toEqual(['models', 'features', 'figures']);
  });

  it.each(['lab/run/span-figures.ts', 'lab/run/layer-figures.ts', 'lab/features/new.ts'])(
    'keeps models for a change of %s',
    async (file) => {
      expect(await changedBy(file)).toEqual(['features', 'figures']);
    },
  );

  it.each([
    ...['lab/sets/behaviour.ts', 'lab/retrain/subsets.ts', 'lab/methods/a.ts', 'lab/metrics/a.ts'],
    'services/index/datasets/a.ts',
  ])('keeps models and features for a change of %s', async (file) => {
    expect(await changedBy(file)).toEqual(['figures']);
  });

  it('keeps all for a change of a test', async () => {
    expect(await changedBy('lab/metrics/a.test.ts')).toEqual([]);
  });

  it.each([
    ['models', ['services/compute/engine/training/run.ts', 'services/compute/engine/generation/answer.ts']],
    ['features', ['lab/features/representations.ts', 'lab/features/gradients.ts', 'lab/run/loss-step.ts']],
    ['figures', ['lab/run/evaluate.ts']],
  ] as const)('holds every module that runs: %s', async (layer, entries) => {
    const modules = await closure(entries);
    expect(modules.length).toBeGreaterThan(20);
    const isIn = (file: string) => CODE[layer].some((part) => file.startsWith(part));
    expect(modules.filter((file) => !isIn(file))).toEqual([]);
  });
});

/** Modules that these import, and so on; types are gone when they run. */
async function closure(entries: readonly string[]): Promise<string[]> {
  const seen = new Set<string>();
  const waiting = entries.map((entry) => join(ROOT, entry));
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    const text = await readFile(file, 'utf8');
    const statements = text.matchAll(/^(?:import|export)\s+(?!type\b)(?:[^;']*?from\s*)?'(\.[^']+)';/gm);
    for (const [, path] of statements) waiting.push(join(dirname(file), path));
  }
  return [...seen].map((file) => relative(ROOT, file));
}
