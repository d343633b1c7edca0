/** `reptrace signature`: hidden states, gradients and losses of cases, one JSON line a case, in order. */
import { readFile } from 'node:fs/promises';
import { text as readStream } from 'node:stream/consumers';
import { Command } from 'commander';
import { reasonOf, ReptraceError } from '../../lib/errors.ts';
import { parseCases, type ParsedCase } from '../../services/compute/engine/attribution/cases.ts';
import {
  chooseLayer,
  meanCurve,
  probeIndices,
} from '../../services/compute/engine/attribution/layer-choice.ts';
import { allLogits } from '../../services/compute/engine/attribution/logits.ts';
import { batchByTokens, checkSample, type Sample } from '../../services/compute/engine/attribution/sample.ts';
import {
  checkLayers,
  signaturesOfBatch,
  type Signature,
  type SignatureOptions,
  type SignatureResult,
} from '../../services/compute/engine/attribution/signature.ts';
import { cosine, unitRowSum } from '../../services/compute/engine/attribution/vectors.ts';
import { assertSameTokenizer } from '../../services/compute/engine/model/same-tokenizer.ts';
import type { Llama } from '../../services/compute/engine/model/llama.ts';
import { layerChoice, wholeNumber, type LayerChoice } from '../options.ts';
import { reportFailure } from '../failure.ts';
import { Progress } from '../progress.ts';
import { withGpu, withModel } from '../session.ts';

interface Options {
  readonly model: string;
  readonly adapter?: string;
  readonly cases: string;
  readonly layers: LayerChoice;
  readonly tokenGradients?: true;
  readonly base?: string;
  readonly logits?: true;
  readonly allPositions?: true;
  readonly query?: string;
  readonly oneByOne?: true;
  readonly batchTokens: number;
  readonly maxTokens?: number;
  readonly json?: true;
}

/** Weight of the hidden states' cosine in `score`; the rest is the gradients'. */
const ALPHA = 0.5;

export function signatureCommand(): Command {
  return new Command('signature')
    .description('Hidden states and gradients at p of samples (RepT signatures), one JSON line each')
    .requiredOption('--model <dir>', 'model folder')
    .option('--adapter <dir>', 'PEFT LoRA adapter folder')
    .requiredOption(
      '--cases <file|->',
      'JSON lines {name,prompt,response} or {name,inputIds,promptLength}; - is stdin',
    )
    .option('--layers <layers>', 'all, last, auto, or numbers such as 0,3,5', layerChoice, 'auto')
    .option('--token-gradients', 'add the gradient at every position')
    .option('--base <dir>', 'add the losses of the same tokens under this base model')
    .option('--logits', 'add the logits at every position')
    .option('--all-positions', 'add the hidden state at every position')
    .option('--query <name>', 'add scores against this case to every other one')
    .option('--one-by-one', 'run every case in a batch of its own')
    .option('--batch-tokens <n>', 'tokens of one packed batch at most', wholeNumber(1), 2048)
    .option('--max-tokens <n>', 'longer cases lose the tail of their response', wholeNumber(2))
    .option('--json', 'print JSON lines (the only format so far, and the default)')
    .action(run);
}

async function run(options: Options): Promise<void> {
  if (options.adapter !== undefined) {
    throw new ReptraceError(
      'NOT_YET',
      'adapters cannot be applied yet',
      'Merge the adapter into its base model first.',
    );
  }
  const text = options.cases === '-' ? await readStream(process.stdin) : await readCases(options.cases);
  await withGpu((gpu) =>
    withModel(gpu, options.model, async (model, folder) => {
      const cases = parseCases(text, folder, options.maxTokens).map((entry) => checked(entry, model));
      const layers = await resolveLayers(options.layers, model, cases, options.batchTokens);
      if (options.base === undefined) {
        await printAll(model, undefined, cases, layers, options);
        return;
      }
      await withModel(gpu, options.base, async (base, baseFolder) => {
        assertSameTokenizer(folder, baseFolder);
        await printAll(model, base, cases, layers, options);
      });
    }),
  );
}

async function printAll(
  model: Llama,
  base: Llama | undefined,
  cases: readonly ParsedCase[],
  layers: readonly number[],
  options: Options,
): Promise<void> {
  const query = options.query === undefined ? undefined : await queryOf(model, cases, layers, options.query);
  const { tokenGradients = false, allPositions = false } = options;
  const wanted: SignatureOptions = {
    layers,
    curve: true,
    tokenGradients,
    allPositions,
    queries: query?.sums,
  };
  const samples = cases.flatMap((entry) => ('sample' in entry ? [entry.sample] : []));
  const results = new Map<Sample, Record<string, unknown>>();
  const progress = new Progress();
  let printed = 0;
  let failed = 0;
  for (const batch of options.oneByOne === true
    ? samples.map((sample) => [sample])
    : batchByTokens(samples, options.batchTokens)) {
    const baseNll = base === undefined ? [] : await signaturesOfBatch(base, batch, { layers: [] });
    for (const [i, result] of (await signaturesOfBatch(model, batch, wanted)).entries()) {
      const logits = options.logits === true ? await allLogits(model, result.sample) : undefined;
      results.set(result.sample, lineOf(result, baseNll[i], logits, model, query?.signature));
    }
    // Lines leave in the order of the cases, bad ones in their places.
    for (let entry = cases[printed]; entry !== undefined; entry = cases[++printed]) {
      const line = 'sample' in entry ? results.get(entry.sample) : failureLine(entry.name, entry.error);
      if (line === undefined) break;
      if ('sample' in entry) results.delete(entry.sample);
      if ('error' in line) failed += 1;
      process.stdout.write(`${JSON.stringify(line)}\n`);
    }
    progress.show(`${printed}/${cases.length} cases`);
  }
  for (const entry of cases.slice(printed)) {
    if ('sample' in entry) continue;
    failed += 1;
    process.stdout.write(`${JSON.stringify(failureLine(entry.name, entry.error))}\n`);
  }
  if (failed > 0) {
    process.stderr.write(
      `reptrace: ${failed} of ${cases.length} cases have no signature; their lines say why\n`,
    );
    process.exitCode = 1;
  }
}

interface Query {
  readonly signature: Signature;
  /** By layer, the sum of the query's unit gradient rows at p … T - 2. */
  readonly sums: ReadonlyMap<number, Float32Array<ArrayBuffer>>;
}

async function queryOf(
  model: Llama,
  cases: readonly ParsedCase[],
  layers: readonly number[],
  name: string,
): Promise<Query> {
  const entry = cases.find((one) => one.name === name);
  if (entry === undefined) {
    throw new ReptraceError(
      'INPUT_INVALID',
      `no case is named "${name}"`,
      'Name one of the cases with --query.',
    );
  }
  if ('error' in entry) throw entry.error;
  const [signature] = await signaturesOfBatch(model, [entry.sample], { layers, tokenGradients: true });
  if (signature === undefined) throw new Error('the query has no signature');
  if ('error' in signature) throw signature.error;
  const { inputIds, promptLength } = entry.sample;
  const sums = new Map(
    [...signature.layers].map(([layer, { tokenGradients }]) => [
      layer,
      unitRowSum(
        tokenGradients ?? new Float32Array(),
        model.config.hiddenSize,
        promptLength - 1,
        inputIds.length - 1,
      ),
    ]),
  );
  return { signature, sums };
}

function lineOf(
  result: SignatureResult,
  base: SignatureResult | undefined,
  logits: Float32Array | undefined,
  model: Llama,
  query: Signature | undefined,
): Record<string, unknown> {
  const { name, inputIds, promptLength } = result.sample;
  if ('error' in result) return failureLine(name, result.error);
  if (base !== undefined && 'error' in base) return failureLine(name, base.error);
  const { hiddenSize, vocabSize } = model.config;
  const layers = [...result.layers];
  const other = query !== undefined && query.sample !== result.sample;
  const byLayer = (
    value: (part: (typeof layers)[number][1], layer: number) => unknown,
  ): Record<string, unknown> =>
    Object.fromEntries(layers.map(([layer, part]) => [layer, value(part, layer)]));
  const has = (part: 'tokenGradients' | 'hiddenAll'): boolean =>
    layers.some(([, signature]) => signature[part] !== undefined);
  return {
    ...{ name, inputIds, promptLength, loss: result.loss, nll: [...result.nll] },
    layers: byLayer(({ hidden, gradient }) => ({ hidden: [...hidden], gradient: [...gradient] })),
    adjacentCosine: result.adjacentCosine,
    ...(has('tokenGradients')
      ? { tokenGradients: byLayer(({ tokenGradients }) => matrix(tokenGradients, hiddenSize)) }
      : {}),
    ...(has('hiddenAll') ? { hiddenAll: byLayer(({ hiddenAll }) => matrix(hiddenAll, hiddenSize)) } : {}),
    ...(logits === undefined ? {} : { logits: matrix(logits, vocabSize) }),
    ...(base === undefined ? {} : { baseNll: [...base.nll] }),
    ...(other
      ? {
          score: byLayer((part, layer) => {
            const own = query.layers.get(layer);
            if (own === undefined) return undefined;
            return (
              ALPHA * cosine(part.hidden, own.hidden) + (1 - ALPHA) * cosine(part.gradient, own.gradient)
            );
          }),
          tokenScores: byLayer(({ tokenScores }) => [...(tokenScores ?? [])]),
        }
      : {}),
  };
}

function matrix(values: Float32Array | undefined, width: number): number[][] {
  const rows: number[][] = [];
  for (let at = 0; values !== undefined && at < values.length; at += width)
    rows.push([...values.subarray(at, at + width)]);
  return rows;
}

function failureLine(name: string, error: ReptraceError): Record<string, unknown> {
  const { code, message, remedy } = error;
  return { name, error: { code, message, remedy } };
}

function checked(entry: ParsedCase, model: Llama): ParsedCase {
  if ('error' in entry) return entry;
  try {
    checkSample(entry.sample, model.config);
    return entry;
  } catch (error) {
    if (error instanceof ReptraceError) return { name: entry.name, error };
    throw error;
  }
}

async function resolveLayers(
  choice: LayerChoice,
  model: Llama,
  cases: readonly ParsedCase[],
  batchTokens: number,
): Promise<readonly number[]> {
  const last = model.config.layers;
  if (choice === 'all') return Array.from({ length: last + 1 }, (_, layer) => layer);
  if (choice === 'last') return [last];
  if (choice !== 'auto') {
    checkLayers(choice, model);
    return choice;
  }
  const samples = cases.flatMap((entry) => ('sample' in entry ? [entry.sample] : []));
  const probes = probeIndices(samples.length).flatMap((i) => samples[i] ?? []);
  const curves: (readonly number[])[] = [];
  for (const batch of batchByTokens(probes, batchTokens)) {
    for (const result of await signaturesOfBatch(model, batch, { layers: [], curve: true })) {
      if ('adjacentCosine' in result && result.adjacentCosine !== undefined)
        curves.push(result.adjacentCosine);
      else if ('error' in result) reportFailure(result.error);
    }
  }
  if (curves.length === 0) return [last];
  const layer = chooseLayer(meanCurve(curves));
  process.stderr.write(`layer ${layer} of ${last}, chosen by rule deep on ${curves.length} probes\n`);
  return [layer];
}

async function readCases(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw new ReptraceError(
      'INPUT_INVALID',
      `the cases ${path} cannot be read: ${reasonOf(error)}`,
      'Name a JSON lines file, or - for stdin.',
      {
        cause: error,
      },
    );
  });
}
