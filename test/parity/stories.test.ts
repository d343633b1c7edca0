/** Parity with PyTorch on stories260K: every golden value, in one packed batch, in any order, and one at a time. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { allLogits } from '../../services/compute/engine/attribution/logits.ts';
import { chooseLayer, meanCurve } from '../../services/compute/engine/attribution/layer-choice.ts';
import {
  signaturesOfBatch,
  type Signature,
  type SignatureOptions,
} from '../../services/compute/engine/attribution/signature.ts';
import { unitRowSum } from '../../services/compute/engine/attribution/vectors.ts';
import { Model } from '../../services/compute/engine/model/model.ts';
import { openModelFolder } from '../../services/compute/engine/model/model-folder.ts';
import { expectClose } from '../closeness.ts';
import { sharedPath } from '../shared.ts';
import { readGolden, rowsOf, type Golden } from './golden.ts';

let gpu: Gpu;
let model: Model;
let golden: Golden;
let layers: number[];

beforeAll(async () => {
  gpu = await Gpu.open();
  model = await Model.load(gpu, await openModelFolder(sharedPath('models/stories260K/hf')));
  golden = await readGolden('golden/stories260K');
  layers = Array.from({ length: model.config.layers + 1 }, (_, layer) => layer);
});

afterAll(() => {
  model.close();
  gpu.close();
});

function samplesOf(
  names?: readonly string[],
): { name: string; inputIds: readonly number[]; promptLength: number }[] {
  return golden.cases
    .filter(({ name }) => names?.includes(name) ?? true)
    .map((entry) => ({ name: entry.name, inputIds: entry.input_ids, promptLength: entry.prompt_length }));
}

async function signatures(
  samples: readonly { name: string; inputIds: readonly number[]; promptLength: number }[],
  options: Partial<SignatureOptions> = {},
): Promise<Signature[]> {
  return (await signaturesOfBatch(model, samples, { layers, ...options })).map((result) => {
    if ('error' in result) throw result.error;
    return result;
  });
}

describe('stories260K against PyTorch', () => {
  it('gives losses within 1e-5, hidden states within 2e-5 and gradients within 2e-4, at p and everywhere', async () => {
    let worst = { loss: 0, hidden: 0, gradient: 0 };
    for (const { sample, loss, nll, layers: parts } of await signatures(samplesOf(), {
      tokenGradients: true,
      allPositions: true,
    })) {
      const { name } = sample;
      const entry = golden.cases.find((one) => one.name === name);
      worst.loss = Math.max(worst.loss, Math.abs(loss - (entry?.loss ?? NaN)));
      expect(Math.abs(loss - (entry?.loss ?? NaN)), `${name}: loss`).toBeLessThanOrEqual(1e-5);
      expectClose(`${name}: nll`, nll, golden.tensor(`${name}/nll`).values, 2e-5);
      for (const [layer, part] of parts) {
        const at = `${name}, layer ${layer}`;
        const hidden = [
          expectClose(
            `${at}: hidden state at p`,
            part.hidden,
            rowsOf(golden.tensor(`${name}/hidden`), layer),
            2e-5,
          ),
          expectClose(
            `${at}: hidden states`,
            part.hiddenAll ?? [],
            rowsOf(golden.tensor(`${name}/hidden_all`), layer),
            2e-5,
          ),
        ];
        const gradient = [
          expectClose(
            `${at}: gradient at p`,
            part.gradient,
            rowsOf(golden.tensor(`${name}/gradient`), layer),
            2e-4,
          ),
          expectClose(
            `${at}: token gradients`,
            part.tokenGradients ?? [],
            golden.tensor(`${name}/token_gradients/${layer}`).values,
            2e-4,
          ),
        ];
        worst = {
          ...worst,
          hidden: Math.max(worst.hidden, ...hidden),
          gradient: Math.max(worst.gradient, ...gradient),
        };
      }
    }
    console.log('worst over all cases and layers', worst);
  });

  it('gives logits within 2e-5', async () => {
    for (const sample of samplesOf()) {
      const logits = await allLogits(model, sample);
      expectClose(`${sample.name}: logits`, logits, golden.tensor(`${sample.name}/logits`).values, 2e-5);
    }
  });

  it('gives the layer curve within 1e-4 and the layer that the released rule chooses', async () => {
    const curve = meanCurve(
      (await signatures(samplesOf(), { layers: [], curve: true })).map((s) => s.adjacentCosine ?? []),
    );
    const reference = golden.layer_curve?.adjacent_cosine ?? [];
    expect(curve.length).toBe(reference.length);
    curve.forEach((cosine, i) => {
      expect(Math.abs(cosine - (reference[i] ?? NaN)), `c[${i}]`).toBeLessThanOrEqual(1e-4);
    });
    expect(chooseLayer(curve, 'released')).toBe(golden.layer_curve?.rept_choice);
  });

  it('gives token scores within 1e-3', async () => {
    const scores = golden.token_scores;
    if (scores === undefined) throw new Error('the golden values have no token scores');
    const [query] = await signatures(samplesOf([scores.query]), { tokenGradients: true });
    if (query === undefined) throw new Error('no query');
    const { promptLength, inputIds } = query.sample;
    const width = model.config.hiddenSize;
    const queries = new Map(
      layers.map((layer) => [
        layer,
        unitRowSum(
          query.layers.get(layer)?.tokenGradients ?? new Float32Array(),
          width,
          promptLength - 1,
          inputIds.length - 1,
        ),
      ]),
    );
    const [result] = await signatures(samplesOf([scores.sample]), { queries });
    for (const layer of layers) {
      expectClose(
        `layer ${layer}: token scores`,
        result?.layers.get(layer)?.tokenScores ?? [],
        scores.by_layer[layer] ?? [],
        1e-3,
      );
    }
  });

  it('gives the same packed, in another order and one at a time, within 1e-5', async () => {
    const samples = samplesOf();
    const packed = await signatures(samples, { tokenGradients: true });
    const reversed = (await signatures([...samples].reverse(), { tokenGradients: true })).reverse();
    for (const [i, sample] of samples.entries()) {
      const [alone] = await signatures([sample], { tokenGradients: true });
      for (const layer of layers) {
        for (const other of [reversed[i], alone]) {
          const a = packed[i]?.layers.get(layer);
          const b = other?.layers.get(layer);
          const what = `${sample.name}, layer ${layer}`;
          expectClose(`${what}: hidden`, b?.hidden ?? [], a?.hidden ?? [], 1e-5);
          expectClose(`${what}: gradient`, b?.gradient ?? [], a?.gradient ?? [], 1e-5);
          expectClose(`${what}: token gradients`, b?.tokenGradients ?? [], a?.tokenGradients ?? [], 1e-5);
        }
      }
    }
  });
});
