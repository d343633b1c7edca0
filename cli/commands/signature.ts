/** `reptrace signature`: hidden states, gradients and losses of cases, one JSON line a case, in order. */
import { readFile } from 'node:fs/promises';
import { text as readStream } from 'node:stream/consumers';
import { Command } from 'commander';
import { reasonOf, ReptraceError } from '../../lib/errors.ts';
import { automaticLayer } from '../../services/compute/engine/attribution/automatic-layer.ts';
import { parseCases, type ParsedCase } from '../../services/compute/engine/attribution/cases.ts';
import { allLogits } from '../../services/compute/engine/attribution/logits.ts';
import { queryOf } from '../../services/compute/engine/attribution/query.ts';
import { checkSample, type Sample } from '../../services/compute/engine/attribution/sample.ts';
import {
  checkLayers,
  signaturesOfBatch,
  type SignatureOptions,
} from '../../services/compute/engine/attribution/signature.ts';
import {
  BATCH_TOKENS,
  signatureBatches,
} from '../../services/compute/engine/attribution/signature-batches.ts';
import { assertSameTokenizer } from '../../services/compute/engine/model/same-tokenizer.ts';
import type { Model } from '../../services/compute/engine/model/model.ts';
import { gpuMemory } from '../../lib/mesh/settings.ts';
import { gpuMemoryOption, layerChoice, wholeNumber, type LayerChoice } from '../options.ts';
import { StrictCommand } from '../strict-command.ts';
import { Progress } from '../progress.ts';
import { withGpu, withModel, type ModelChoice } from '../resources.ts';
import { failureLine, signatureLine } from '../signature-line.ts';

interface Options extends ModelChoice {
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

export function signatureCommand(): Command {
  return new StrictCommand('signature')
    .description('Hidden states and gradients at p of samples (RepT signatures), one JSON line each')
    .requiredOption(
      '--model <dir|file.gguf|name>',
      'model folder, GGUF file, or name in the Hugging Face cache',
    )
    .option('--adapter <dir|name>', 'PEFT LoRA adapter: folder, or name in the Hugging Face cache')
    .requiredOption(
      '--cases <file|->',
      'JSON lines {name,prompt,response} or {name,inputIds,promptLength}; - is stdin',
    )
    .option('--layers <layers>', 'all, last, auto, or numbers such as 0,3,5', layerChoice, 'auto')
    .option('--token-gradients', 'add the gradient at every position')
    .option('--base <dir|file.gguf|name>', 'add the losses of the same tokens under this base model')
    .option('--logits', 'add the logits at every position')
    .option('--all-positions', 'add the hidden state at every position')
    .option('--query <name>', 'add scores against this case to every other one')
    .option('--one-by-one', 'run every case in a batch of its own')
    .option('--batch-tokens <n>', 'tokens of one packed batch at most', wholeNumber(1), BATCH_TOKENS)
    .option('--max-tokens <n>', 'longer cases lose the tail of their response', wholeNumber(2))
    .addOption(gpuMemoryOption())
    .option('--json', 'print JSON lines (the only format so far, and the default)')
    .action(run);
}

async function run(options: Options): Promise<void> {
  const text = options.cases === '-' ? await readStream(process.stdin) : await readCases(options.cases);
  const memory = options.gpuMemory ?? gpuMemory(process.env);
  // Two models share what there is.
  const each = memory === undefined || options.base === undefined ? memory : Math.floor(memory / 2);
  await withGpu((gpu) =>
    withModel(gpu, { ...options, gpuMemory: each }, async (model, folder) => {
      const cases = parseCases(text, folder, options.maxTokens).map((entry) => checked(entry, model));
      const layers = await resolveLayers(options.layers, model, cases);
      if (options.base === undefined) {
        await printAll(model, undefined, cases, layers, options);
        return;
      }
      await withModel(gpu, { model: options.base, gpuMemory: each }, async (base, baseFolder) => {
        assertSameTokenizer(folder, baseFolder);
        await printAll(model, base, cases, layers, options);
      });
    }),
  );
}

async function printAll(
  model: Model,
  base: Model | undefined,
  cases: readonly ParsedCase[],
  layers: readonly number[],
  options: Options,
): Promise<void> {
  const query =
    options.query === undefined ? undefined : await queryOf(model, caseNamed(cases, options.query), layers);
  const { tokenGradients = false, allPositions = false } = options;
  const wanted: SignatureOptions = {
    layers,
    curve: true,
    tokenGradients,
    allPositions,
    queries: query?.sums,
  };
  const samples = cases.flatMap((entry) => ('sample' in entry ? [entry.sample] : []));
  const output = new OrderedLines(cases);
  const progress = new Progress();
  // One by one means that no batch holds two samples.
  const batchTokens = options.oneByOne === true ? 1 : options.batchTokens;
  for await (const results of signatureBatches(model, samples, wanted, batchTokens)) {
    const batch = results.map(({ sample }) => sample);
    const baseResults = base === undefined ? [] : await signaturesOfBatch(base, batch, { layers: [] });
    for (const [i, result] of results.entries()) {
      const logits = options.logits === true ? await allLogits(model, result.sample) : undefined;
      const extras = { base: baseResults[i], logits, query: query?.signature, ...model.config };
      output.add(result.sample, signatureLine(result, extras));
    }
    progress.show(`${output.printed}/${cases.length} cases`);
  }
  const failed = output.end();
  progress.done(`${cases.length}/${cases.length} cases`);
  if (failed > 0) {
    process.stderr.write(
      `reptrace: ${failed} of ${cases.length} cases have no signature; their lines say why\n`,
    );
    process.exitCode = 1;
  }
}

/** Prints lines in the order of the cases, bad cases in their places. */
class OrderedLines {
  readonly #cases: readonly ParsedCase[];
  readonly #waiting = new Map<Sample, Record<string, unknown>>();
  printed = 0;
  #failed = 0;

  constructor(cases: readonly ParsedCase[]) {
    this.#cases = cases;
  }

  add(sample: Sample, line: Record<string, unknown>): void {
    this.#waiting.set(sample, line);
    this.#flush();
  }

  /** Prints what is left; gives the number of cases without a signature. */
  end(): number {
    this.#flush();
    return this.#failed;
  }

  #flush(): void {
    for (let entry = this.#cases[this.printed]; entry !== undefined; entry = this.#cases[++this.printed]) {
      const line = 'sample' in entry ? this.#waiting.get(entry.sample) : failureLine(entry.name, entry.error);
      if (line === undefined) return;
      if ('sample' in entry) this.#waiting.delete(entry.sample);
      if ('error' in line) this.#failed += 1;
      process.stdout.write(`${JSON.stringify(line)}\n`);
    }
  }
}

function caseNamed(cases: readonly ParsedCase[], name: string): Sample {
  const entry = cases.find((one) => one.name === name);
  if (entry === undefined) {
    throw new ReptraceError(
      'INPUT_INVALID',
      `no case is named "${name}"`,
      'Name one of the cases with --query.',
    );
  }
  if ('error' in entry) throw entry.error;
  return entry.sample;
}

function checked(entry: ParsedCase, model: Model): ParsedCase {
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
  model: Model,
  cases: readonly ParsedCase[],
): Promise<readonly number[]> {
  const last = model.config.layers;
  if (choice === 'all') return Array.from({ length: last + 1 }, (_, layer) => layer);
  if (choice === 'last') return [last];
  if (choice !== 'auto') {
    checkLayers(choice, model);
    return choice;
  }
  const samples = cases.flatMap((entry) => ('sample' in entry ? [entry.sample] : []));
  if (samples.length === 0) return [last];
  const { layer, rule, probes } = await automaticLayer(model, samples);
  process.stderr.write(`layer ${layer} of ${last}, chosen by rule ${rule} on ${probes} probes\n`);
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
