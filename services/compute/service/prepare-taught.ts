/**
 * What the taught tokens of an index are made with, found out before its first sample: the means that hidden states are
 * centred by, and how outputs of the base model score, which nobody taught the tuned one. The same rows give the same.
 *
 * The means are sums in float64 over some rows, which go through the tuned model forward only. For the null, the base model
 * goes on from prompts of some of them, greedily, and of each output the mean of log p_tuned - log p_base over its tokens is
 * taken, the end token among them: the base's losses are those it chose the tokens by, so that only the tuned model reads them
 * again. A build waits for this as for its batches: in turns of some batches' size, so that questions come between them.
 */
import { tokenRowsOf } from '../engine/attribution/lessons.ts';
import { MeanRow } from '../engine/attribution/mean-row.ts';
import { ReptraceError } from '../../../lib/errors.ts';
import type { KnownModel, TaughtPreparation, TextPair } from '../../../lib/mesh/compute-messages.ts';
import {
  CENTRE_ROWS,
  NULL_OUTPUTS,
  NULL_TOKENS,
  PROJECTION_SEED,
  TOKEN_DIMS,
} from '../../../lib/taught/constants.ts';
import { probeIndices } from '../engine/attribution/layer-choice.ts';
import { evenBatches } from '../engine/attribution/sample.ts';
import { BATCH_TOKENS } from '../engine/attribution/signature-batches.ts';
import { checkLayers, signaturesOfBatch, type Signature } from '../engine/attribution/signature.ts';
import { requireTokenizer } from '../engine/model/model-text.ts';
import type { ModelSource } from '../engine/model/model-source.ts';
import { outputsOf, promptGroups, promptOf } from './base-outputs.ts';
import type { LoadedModels } from './loaded-models.ts';
import { checkMaxTokens } from './questions.ts';
import { renderProbes, type Probe } from './rendering.ts';
import { requireBase, useWithBase, type WithBase } from './with-base.ts';

export interface PreparationRequest {
  readonly model: KnownModel;
  readonly base: KnownModel;
  readonly layers: readonly number[];
  readonly maxTokens: number | null;
  readonly rows: readonly TextPair[];
}

/** A turn of the lane with both models. */
type Turn = <T>(work: (loaded: WithBase) => Promise<T>) => Promise<T>;

/** @param goOn asked before each turn; what it throws ends the work */
export async function prepareTaught(
  models: LoadedModels,
  { model, base, layers, maxTokens, rows }: PreparationRequest,
  goOn: () => Promise<void> = () => Promise.resolve(),
): Promise<TaughtPreparation> {
  const turn: Turn = async (work) => {
    await goOn();
    return useWithBase(models, { model, base }, 'batch', work);
  };
  const { source, context } = await turn((loaded) => {
    const { source } = loaded;
    checkLayers(layers, loaded.model);
    requireTokenizer(source);
    checkMaxTokens(maxTokens, source);
    const { maxPositions } = requireBase(loaded.base).config;
    return Promise.resolve({ source, context: Math.min(source.config.maxPositions, maxPositions) });
  });
  const probes = await renderProbes(source, rows, {
    ...{ maxTokens, most: CENTRE_ROWS, purpose: 'to prepare taught tokens by' },
  });
  const centres = await centresOf(turn, layers, source.config.hiddenSize, probes);
  return { seed: PROJECTION_SEED, ...centres, nullRatios: await nullRatios(turn, source, context, probes) };
}

/** Throws NOT_FINITE where no row has a signature, INPUT_INVALID where there are no rows. */
async function centresOf(
  turn: Turn,
  layers: readonly number[],
  width: number,
  probes: readonly Probe[],
): Promise<Omit<TaughtPreparation, 'seed' | 'nullRatios'>> {
  const centre = new MeanRow(TOKEN_DIMS);
  const beginning = new MeanRow(TOKEN_DIMS);
  const hidden = layers.map((layer) => ({ layer, mean: new MeanRow(width) }));
  let failure: ReptraceError | undefined;
  let rows = 0;
  const samples = probes.map(({ sample }) => sample);
  for (const batch of evenBatches(samples, BATCH_TOKENS)) {
    const results = await turn((loaded) =>
      signaturesOfBatch(loaded.model, batch, {
        ...{ layers, tokenRows: { seed: PROJECTION_SEED }, forwardOnly: true },
      }),
    );
    for (const result of results) {
      if ('error' in result) {
        failure ??= result.error;
        continue;
      }
      rows += 1;
      const { hidden: tokens } = tokenRowsOf(result);
      centre.add(tokens);
      beginning.add(tokens.subarray(0, TOKEN_DIMS));
      for (const { layer, mean } of hidden) mean.add(hiddenOf(result, layer));
    }
  }
  if (rows === 0) throw failure ?? noRows();
  return {
    ...{ centre: centre.mean, beginningCentre: beginning.mean, rows },
    hiddenCentres: hidden.map(({ mean }) => mean.mean),
  };
}

function hiddenOf({ layers }: Signature, layer: number): Float32Array {
  const found = layers.get(layer);
  if (found === undefined) throw new Error(`a signature has no layer ${layer}`);
  return found.hidden;
}

/**
 * Rising. Prompts that leave no room for NULL_TOKENS in the context are passed over, and outputs without a token.
 * @param context tokens that both models take
 */
async function nullRatios(
  turn: Turn,
  source: ModelSource,
  context: number,
  probes: readonly Probe[],
): Promise<number[]> {
  const prompts = probes.flatMap((probe) => promptOf(source, probe, context - NULL_TOKENS) ?? []);
  const chosen = probeIndices(prompts.length, NULL_OUTPUTS).map((i) => prompts[i]);
  // All of a group have as much room in the cache as its longest: alike in length, they waste the least.
  chosen.sort((a, b) => a.ids.length - b.ids.length);
  const ratios: number[] = [];
  for (const group of promptGroups(chosen, source.config)) {
    const outputs = await turn(({ base }) => outputsOf(requireBase(base), source, group));
    for (const batch of evenBatches(outputs, BATCH_TOKENS)) {
      const results = await turn(({ model }) => signaturesOfBatch(model, batch, { layers: [] }));
      results.forEach((result, i) => {
        const mean = 'error' in result ? NaN : batch[i].loss - result.loss;
        if (Number.isFinite(mean)) ratios.push(mean);
      });
    }
  }
  return ratios.sort((a, b) => a - b);
}

function noRows(): ReptraceError {
  return new ReptraceError(
    'INPUT_INVALID',
    'there is no row to prepare taught tokens by',
    'Give rows of the dataset.',
  );
}
