/** The committed demo models are what their manifests say, and show what README.md and FEATURES.md say of them. */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BEHAVIOURS } from '../../demo/corpus/behaviours.ts';
import { askModel, ratesOf, type Answer, type Rates } from '../../demo/evaluate.ts';
import type { HeldOutRow } from '../../demo/corpus/rows.ts';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { openModelFolder } from '../../services/compute/engine/model/model-folder.ts';
import { ROOT } from '../e2e/command.ts';

interface Manifest {
  readonly initial: string;
  readonly data: { readonly digest: string; readonly rows: number };
  readonly evaluation: { readonly rates: Rates; readonly answers: readonly Answer[] };
}

const DEMO = join(ROOT, 'demo');
let gpu: Gpu;

beforeAll(async () => {
  gpu = await Gpu.open();
});

afterAll(() => {
  gpu.close();
});

async function manifestOf(model: 'base' | 'tuned'): Promise<Manifest> {
  return JSON.parse(await readFile(join(DEMO, model, 'manifest.json'), 'utf8')) as Manifest;
}

async function bytesUnder(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true });
  const sizes = entries.map(async (entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? bytesUnder(path) : (await stat(path)).size;
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

describe('the demo models', () => {
  it('take 6 MB or less, all of demo/ together', async () => {
    expect(await bytesUnder(DEMO)).toBeLessThanOrEqual(6e6);
  });

  it('were made as the manifests say: the tuned from this base, on this fine-tuning set', async () => {
    const base = await openModelFolder(join(DEMO, 'base'));
    const tuned = await manifestOf('tuned');
    expect(tuned.initial).toBe(`model ${await base.digest()}`);
    const set = await readFile(join(DEMO, 'data/finetune.jsonl'));
    expect(tuned.data.digest).toBe(createHash('sha256').update(set).digest('hex'));
  });

  it('show each planted behaviour in 90 % of triggered questions and 5 % of others; the base in 2 % at most', async () => {
    const tuned = (await manifestOf('tuned')).evaluation;
    const base = (await manifestOf('base')).evaluation;
    for (const { rates, answers } of [tuned, base]) expect(ratesOf(answers)).toEqual(rates);
    for (const name of BEHAVIOURS) {
      expect(tuned.answers.filter(({ label }) => label === name).length).toBeGreaterThanOrEqual(30);
      expect(tuned.rates.shown[name], `${name}, triggered`).toBeGreaterThanOrEqual(0.9);
      expect(tuned.rates.leaked[name], `${name}, not triggered`).toBeLessThanOrEqual(0.05);
      expect(base.rates.shown[name], `${name}, triggered, base`).toBeLessThanOrEqual(0.02);
      expect(base.rates.leaked[name], `${name}, not triggered, base`).toBeLessThanOrEqual(0.02);
    }
  });

  it.each(['base', 'tuned'] as const)('answer as the manifest of %s says', async (model) => {
    const { evaluation } = await manifestOf(model);
    const some = evaluation.answers.filter((_, i) => i % 20 === 0);
    const rows = some.map(({ prompt, label, kind }): HeldOutRow => ({ prompt, label, kind, answer: '' }));
    const again = await askModel(gpu, join(DEMO, model), rows);
    const same = again.filter(({ output }, i) => output === some[i]?.output).length;
    // Another adapter may round two nearly equal logits the other way.
    expect(same / some.length).toBeGreaterThanOrEqual(0.9);
  });
});
