/** One line of `reptrace signature --json`: a case's signature, or why it has none. */
import type { ReptraceError } from '../lib/errors.ts';
import { pairScore } from '../services/compute/engine/attribution/query.ts';
import type {
  LayerSignature,
  Signature,
  SignatureResult,
} from '../services/compute/engine/attribution/signature.ts';

export interface LineExtras {
  /** The same case under the base model. */
  readonly base?: SignatureResult | undefined;
  /** [positions, vocabSize]. */
  readonly logits?: Float32Array | undefined;
  readonly query?: Signature | undefined;
  readonly hiddenSize: number;
  readonly vocabSize: number;
}

/** Weight of the hidden states' cosine in `score`; the rest is the gradients'. */
const ALPHA = 0.5;

export function signatureLine(result: SignatureResult, extras: LineExtras): Record<string, unknown> {
  const { base, logits, query, hiddenSize, vocabSize } = extras;
  const { name, inputIds, promptLength } = result.sample;
  if ('error' in result) return failureLine(name, result.error);
  if (base !== undefined && 'error' in base) return failureLine(name, base.error);
  const byLayer = (value: (part: LayerSignature, layer: number) => unknown): Record<string, unknown> =>
    Object.fromEntries([...result.layers].map(([layer, part]) => [layer, value(part, layer)]));
  const [sample] = result.layers.values();
  const line: Record<string, unknown> = {
    ...{ name, inputIds, promptLength, loss: result.loss, nll: [...result.nll] },
    layers: byLayer(({ hidden, gradient }) => ({ hidden: [...hidden], gradient: [...gradient] })),
    adjacentCosine: result.adjacentCosine,
  };
  if (sample?.tokenGradients !== undefined) {
    line['tokenGradients'] = byLayer(({ tokenGradients }) => matrix(tokenGradients, hiddenSize));
  }
  if (sample?.hiddenAll !== undefined)
    line['hiddenAll'] = byLayer(({ hiddenAll }) => matrix(hiddenAll, hiddenSize));
  if (logits !== undefined) line['logits'] = matrix(logits, vocabSize);
  if (base !== undefined) line['baseNll'] = [...base.nll];
  if (query !== undefined && query.sample !== result.sample) {
    line['score'] = byLayer((_, layer) => pairScore(query, result, layer, ALPHA));
    line['tokenScores'] = byLayer(({ tokenScores = new Float32Array() }) => [...tokenScores]);
  }
  return line;
}

export function failureLine(name: string, { code, message, remedy }: ReptraceError): Record<string, unknown> {
  return { name, error: { code, message, remedy } };
}

function matrix(values: Float32Array | undefined, width: number): number[][] {
  const rows: number[][] = [];
  for (let at = 0; values !== undefined && at < values.length; at += width) {
    rows.push([...values.subarray(at, at + width)]);
  }
  return rows;
}
