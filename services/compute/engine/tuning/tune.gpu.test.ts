/** Tuning on this adapter: what is found is used, kept, and taken up again; what computes wrong is never taken. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sharedPath } from '../../../../test/shared.ts';
import { Gpu } from '../device/gpu.ts';
import { allowedVariants, linearVariant, productKey } from '../kernels/linear-choice.ts';
import type { LinearVariant } from '../kernels/linear-variant.ts';
import { openModelFolder } from '../model/model-folder.ts';
import type { ModelSource } from '../model/model-source.ts';
import { linearProducts, type CountedProduct } from './linear-products.ts';
import { tuneFor, type TuneOptions } from './tune.ts';

let source: ModelSource;
let products: CountedProduct[];
let gpu: Gpu;
let folder: string;
const said: string[] = [];

beforeAll(async () => {
  source = await openModelFolder(sharedPath('models/stories260K/hf'));
});
beforeEach(async () => {
  gpu = await Gpu.open();
  products = await linearProducts(source, gpu, 1 << 27);
  folder = await mkdtemp(join(tmpdir(), 'reptrace-tuning-'));
  said.length = 0;
});
afterEach(async () => {
  gpu.close();
  await rm(folder, { recursive: true });
});

function tune(options: Partial<TuneOptions> = {}): Promise<void> {
  return tuneFor(gpu, source, {
    ...{ mode: 'quick', folder, variants: compiledSoon(), say: (line: string) => said.push(line) },
    ...options,
  });
}

/** Those that a software adapter compiles within a second or two. */
function compiledSoon(): LinearVariant[] {
  return allowedVariants(gpu).filter((variant) => variant.promising(gpu.report));
}

/** The plain variant, and another one by its side whose results are as they are made here. */
function beside(name: string, forward: LinearVariant['forward']): LinearVariant[] {
  const outer = allowedVariants(gpu).at(-1);
  if (outer === undefined) throw new Error('there is no variant');
  return [{ ...outer, name, forward }, outer];
}

async function keptFile(): Promise<string> {
  const [file] = await readdir(join(folder, 'tuning'));
  return join(folder, 'tuning', file);
}

describe('the products of a model', () => {
  it('are those that its signatures take, most work first', () => {
    const { hiddenSize, intermediateSize, layers, vocabSize } = source.config;
    const timesOf = (way: string, inner: number, columns: number): number | undefined =>
      products.find((one) => one.way === way && one.inner === inner && one.columns === columns)?.times;
    expect(timesOf('forward', hiddenSize, intermediateSize)).toBe(2 * layers);
    // Back to the first block's output: through all blocks but that one.
    expect(timesOf('inputGrad', intermediateSize, hiddenSize)).toBe(layers - 1);
    expect(timesOf('forward', hiddenSize, vocabSize)).toBe(1);
    const work = products.map(({ times, inner, columns }) => times * inner * columns);
    expect([...work].sort((a, b) => b - a)).toEqual(work);
  });
});

describe('tuning', () => {
  it('prints its plan and what it finds, uses it, and keeps it for the next time', async () => {
    await tune();
    expect(said[0]).toContain(`tuning ${products.length} linear products`);
    expect(said.filter((line) => line.includes('GFLOP/s'))).toHaveLength(products.length);
    expect(said.at(-1)).toContain('kept in');
    const [product] = products;
    const chosen = gpu.tuned.get(productKey(product));
    expect(linearVariant(gpu, { ...product, rows: 2048 }).name).toBe(chosen);
    const before = new Map(gpu.tuned);
    gpu.tuned.clear();
    said.length = 0;
    await tune({ mode: 'off' });
    expect(said).toEqual([]);
    expect(new Map(gpu.tuned)).toEqual(before);
  });

  it('takes the faster of two', async () => {
    const slow = allowedVariants(gpu).at(-1);
    const variants = beside('twice', (...given) => {
      slow?.forward(...given);
      slow?.forward(...given);
      slow?.forward(...given);
    });
    await tune({ variants });
    const [product] = products.filter(({ way }) => way === 'forward');
    expect(gpu.tuned.get(productKey(product))).toBe('outer');
  });

  it('never takes one that computes wrong, and says so', async () => {
    const wrong = beside('wrong', (recorder, _, { y }) => {
      recorder.clear(y);
    });
    await tune({ variants: wrong });
    expect(said.join('\n')).toMatch(/wrong is left out of .* differ from float64/);
    const forward = products.filter(({ way }) => way === 'forward');
    expect(forward.map((product) => gpu.tuned.get(productKey(product)))).toEqual(forward.map(() => 'outer'));
  });

  it('leaves one out that the device refuses, and the device is as healthy as before', async () => {
    const refused = beside('refused', (recorder, _, { y }) => {
      recorder.copy(y.buffer, 0, y.buffer, 0, 16);
    });
    await tune({ variants: refused });
    expect(said.join('\n')).toMatch(/refused is left out of .*the GPU refused an operation/);
    gpu.assertHealthy();
  });

  it('throws where none computes right', async () => {
    const [wrong] = beside('wrong', (recorder, _, { y }) => {
      recorder.clear(y);
    });
    await expect(tune({ variants: [wrong, { ...wrong, name: 'as wrong' }] })).rejects.toMatchObject({
      code: 'GPU_REFUSED',
    });
  });

  it('stops when its time is up, and goes on the next time', async () => {
    await tune({ budget: 0 });
    expect(gpu.tuned.size).toBe(0);
    expect(said.at(-1)).toContain(`${products.length} were left for the next time`);
    await tune();
    expect(gpu.tuned.size).toBe(products.length);
  });

  it('is done again where it was quick and a full one is asked for', async () => {
    await tune();
    said.length = 0;
    await tune();
    expect(said).toEqual([]);
    await tune({ mode: 'full' });
    expect(said[0]).toContain(`tuning ${products.length} linear products`);
    expect(said[0]).not.toContain('at most');
  });

  it('does without a cache that is damaged, and makes it anew', async () => {
    await tune();
    const file = await keptFile();
    await writeFile(file, '{"products": 3');
    said.length = 0;
    await tune();
    expect(said[0]).toContain('will be made anew');
    expect(JSON.parse(await readFile(file, 'utf8'))).toHaveProperty('products');
  });

  it('takes from a cache only what there is and is allowed', async () => {
    await tune();
    const file = await keptFile();
    const kept = JSON.parse(await readFile(file, 'utf8')) as { products: Record<string, object> };
    for (const key of Object.keys(kept.products)) {
      kept.products[key] = { variant: 'staged-128-f16', thoroughness: 'full' };
    }
    await writeFile(file, JSON.stringify(kept));
    gpu.tuned.clear();
    await tune({ mode: 'off' });
    expect(gpu.tuned.size).toBe(0);
  });

  it('is left out where a variant is named', async () => {
    gpu.close();
    gpu = await Gpu.open({ linear: 'outer' });
    await tune();
    expect(said).toEqual([]);
  });
});
