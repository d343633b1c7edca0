/** Cuts what a packed batch gave into its samples' signatures; what is not finite becomes that sample's error. */
import { ReptraceError } from '../../../../lib/errors.ts';
import { TOKEN_DIMS } from '../../../../lib/taught/constants.ts';
import type { BatchResult } from './batch-result.ts';
import { adjacentCosine } from './layer-choice.ts';
import type { LayerSignature, Signature, SignatureOptions, SignatureResult, TokenRows } from './signature.ts';

export function cutBySample(result: BatchResult, { curve = false }: SignatureOptions): SignatureResult[] {
  const { samples, places, width, hiddenLayers, hidden } = result;
  return samples.map((sample, i) => {
    const { lossStart, lossCount } = places[i];
    const nll = result.nll.slice(lossStart, lossStart + lossCount);
    const signature: Signature = {
      sample,
      loss: nll.reduce((sum, value) => sum + value, 0) / lossCount,
      nll,
      layers: new Map(result.layers.map((layer, slot) => [layer, layerOf(result, i, layer, slot)])),
      ...tokenRowsOf(result, i),
    };
    const error = nonFinite(signature);
    if (error !== undefined) return { sample, error };
    if (!curve) return signature;
    const states = hiddenLayers.map((_, slot) => rowOf(hidden, slot * samples.length + i, width));
    return { ...signature, adjacentCosine: adjacentCosine(states) };
  });
}

function layerOf(result: BatchResult, i: number, layer: number, slot: number): LayerSignature {
  const { samples, places, width, hiddenLayers, hidden, gradient, hiddenAll, gradientAll, scores } = result;
  const { start, length } = places[i];
  const positions = (rows: Float32Array | undefined, size: number): Float32Array | undefined =>
    rows?.slice(start * size, (start + length) * size);
  return withoutUndefined({
    hidden: rowOf(hidden, hiddenLayers.indexOf(layer) * samples.length + i, width),
    gradient: rowOf(gradient, slot * samples.length + i, width),
    tokenGradients: positions(gradientAll.get(layer), width),
    hiddenAll: positions(hiddenAll.get(layer), width),
    tokenScores: positions(scores.get(layer), 1),
  });
}

function tokenRowsOf({ places, tokenRows }: BatchResult, i: number): { readonly tokenRows?: TokenRows } {
  if (tokenRows === undefined) return {};
  const { lossStart, lossCount } = places[i];
  const cut = (rows: Float32Array): Float32Array =>
    rows.slice(lossStart * TOKEN_DIMS, (lossStart + lossCount) * TOKEN_DIMS);
  return { tokenRows: { hidden: cut(tokenRows.hidden), gradient: cut(tokenRows.gradient) } };
}

function rowOf(rows: Float32Array, index: number, width: number): Float32Array {
  return rows.slice(index * width, (index + 1) * width);
}

/** NOT_FINITE, naming the sample and what is not finite, if anything is. */
function nonFinite({ sample, nll, layers, tokenRows }: Signature): ReptraceError | undefined {
  const failure = (what: string): ReptraceError =>
    new ReptraceError(
      'NOT_FINITE',
      `sample "${sample.name}": ${what} is not a finite number`,
      'The model overflows on this sample: check it for extreme input, and the model’s weights.',
    );
  if (!nll.every(Number.isFinite)) return failure('the loss');
  for (const [layer, parts] of layers) {
    for (const [part, values] of Object.entries(parts) as [string, Float32Array][]) {
      if (!values.every(Number.isFinite)) return failure(`${part} at layer ${layer}`);
    }
  }
  for (const [part, values] of Object.entries(tokenRows ?? {}) as [string, Float32Array][]) {
    if (!values.every(Number.isFinite)) return failure(`the tokens’ ${part} at the last layer`);
  }
  return undefined;
}

function withoutUndefined(parts: Record<keyof LayerSignature, Float32Array | undefined>): LayerSignature {
  return Object.fromEntries(
    Object.entries(parts).filter(([, values]) => values !== undefined),
  ) as unknown as LayerSignature;
}
