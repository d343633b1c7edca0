/** SmolLM2-135M-Instruct, converted from GGUF Q4_1 to a folder: the same weights, and PyTorch's values again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { signaturesOfBatch } from '../../services/compute/engine/attribution/signature.ts';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { convertModel } from '../../services/compute/engine/model/convert/convert-model.ts';
import type { ModelSource } from '../../services/compute/engine/model/model-source.ts';
import { Model } from '../../services/compute/engine/model/model.ts';
import { openModel } from '../../services/compute/engine/model/open-model.ts';
import { renderSample } from '../../services/compute/engine/model/render.ts';
import { expectClose } from '../closeness.ts';
import { sharedPath } from '../shared.ts';
import { readGolden, rowsOf } from './golden.ts';

let scratch: string;
let gguf: ModelSource;
let folder: ModelSource;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'reptrace-convert-smollm2-'));
  gguf = await openModel(sharedPath('models/smollm2-135m-instruct'));
  await convertModel(gguf, { out: join(scratch, 'model') });
  folder = await openModel(join(scratch, 'model'));
});
afterAll(() => rm(scratch, { recursive: true }));

it('the folder has every weight of the GGUF file to the last bit, and the same config and tokenizer', async () => {
  expect([...folder.tensors.keys()].sort()).toEqual([...gguf.tensors.keys()].sort());
  for (const name of gguf.tensors.keys()) {
    const same = Buffer.from(await gguf.readTensor(name)).equals(await folder.readTensor(name));
    expect(same, name).toBe(true);
  }
  expect({ ...folder.config, dtype: null }).toEqual(gguf.config);
  expect(folder.tokenizerDigest).toBe(gguf.tokenizerDigest);
});

it('the folder gives PyTorch’s ids, losses, hidden states and gradients of every case at every layer', async () => {
  const golden = await readGolden('golden/smollm2-135m-instruct');
  const gpu = await Gpu.open();
  const model = await Model.load(gpu, folder);
  const layers = Array.from({ length: folder.config.layers + 1 }, (_, layer) => layer);
  const samples = golden.cases.map(({ name, prompt = '', response = '', input_ids, prompt_length }) => {
    const rendered = renderSample(folder, { prompt, response });
    expect(rendered, name).toMatchObject({ inputIds: input_ids, promptLength: prompt_length });
    return { name, inputIds: input_ids, promptLength: prompt_length };
  });
  const results = await signaturesOfBatch(model, samples, { layers });
  for (const [i, result] of results.entries()) {
    if ('error' in result) throw result.error;
    const { name, loss } = golden.cases[i];
    expect(Math.abs(result.loss - loss), name).toBeLessThanOrEqual(1e-4 * loss);
    for (const [layer, { hidden, gradient }] of result.layers) {
      expectClose(
        `${name}, ${layer}: hidden state`,
        hidden,
        rowsOf(golden.tensor(`${name}/hidden`), layer),
        1e-4,
      );
      expectClose(
        `${name}, ${layer}: gradient`,
        gradient,
        rowsOf(golden.tensor(`${name}/gradient`), layer),
        1e-3,
      );
    }
  }
  model.close();
  gpu.close();
});
