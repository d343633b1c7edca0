/**
 * Generation for several prompts at once: the prompts fill a key/value cache in one packed pass, then each step adds a token
 * to every sequence. Chosen ids stay on the GPU and are read back a few steps at a time, to see which sequences ended.
 */
import { ReptraceError } from '../../../../lib/errors.ts';
import { Random } from '../../../../lib/random.ts';
import type { Scope } from '../device/arena.ts';
import type { Tensor } from '../device/tensor.ts';
import { planBlocks, type QueryRun } from '../kernels/attention.ts';
import * as crossEntropy from '../kernels/cross-entropy.ts';
import { gather } from '../kernels/rows.ts';
import { NO_ID, sample } from '../kernels/sample.ts';
import { packBatch, uploadFloats, uploadQueries, uploadWords, type GpuBatch } from '../model/batch.ts';
import { roundUp4 } from '../model/head.ts';
import type { Model } from '../model/model.ts';
import { normForward } from '../model/norms.ts';
import { projectAll } from '../model/projection.ts';
import { KeyValueCache } from './cache.ts';

export interface GenerateOptions {
  /** New tokens at most; fewer where the model's context ends. */
  readonly maxTokens: number;
  /** 0 takes the likeliest token. */
  readonly temperature?: number;
  readonly seed?: number;
  /** Ids that end a sequence; they are not part of the result. */
  readonly endIds: readonly number[];
  /** Whether `nll` is wanted. */
  readonly losses?: boolean;
}

export interface Generation {
  readonly ids: readonly number[];
  readonly finish: 'end' | 'length';
  /** -log p of each id, in nats, whatever the temperature: the model's loss of it, as a forward over the whole gives it. */
  readonly nll?: Float64Array;
}

/** What one step chose, for each sequence. */
interface Step {
  readonly ids: Uint32Array;
  readonly nll: Float64Array | undefined;
}

/** Steps between two looks at what was generated. */
const STEPS_PER_READ = 8;

/** Throws PROMPT_TOO_LONG when a prompt leaves no room in the context, NOT_FINITE when a prompt's logits overflow. */
export async function generate(
  model: Model,
  prompts: readonly (readonly number[])[],
  { maxTokens, temperature = 0, seed = 0, endIds, losses = false }: GenerateOptions,
): Promise<Generation[]> {
  const longest = Math.max(0, ...prompts.map((ids) => ids.length));
  const { maxPositions } = model.config;
  if (longest >= maxPositions) {
    throw new ReptraceError(
      'PROMPT_TOO_LONG',
      `a prompt of ${longest} tokens leaves no room in the model's context of ${maxPositions}`,
      'Shorten the prompt.',
    );
  }
  const steps = Math.min(maxTokens, maxPositions - longest);
  if (prompts.length === 0 || steps < 1)
    return prompts.map(() => ({ ids: [], finish: 'length', ...(losses && { nll: new Float64Array() }) }));
  const scope = model.arena.scope();
  try {
    const decoder = new Decoder(model, scope, prompts, steps, { temperature, seed, losses });
    const generated = prompts.map((): number[] => []);
    const taken: Step[] = [];
    const ends = new Set(endIds);
    const ended = (ids: readonly number[]): number => ids.findIndex((id) => ends.has(id));
    for (let step = 0; step < steps && generated.some((ids) => ended(ids) < 0);) {
      const history = await decoder.advance(Math.min(STEPS_PER_READ, steps - step));
      for (const line of history) generated.forEach((ids, row) => ids.push(line.ids[row]));
      taken.push(...history);
      const broken = generated.findIndex((ids) => ended(ids) < 0 && ids.includes(NO_ID));
      if (broken >= 0) throw notFinite(broken);
      step += history.length;
    }
    return generated.map((ids, row) => {
      const end = ended(ids);
      const kept = end < 0 ? ids : ids.slice(0, end);
      const finish = end < 0 ? 'length' : 'end';
      if (!losses) return { ids: kept, finish };
      return { ids: kept, finish, nll: Float64Array.from(kept, (_, step) => taken[step].nll?.[row] ?? NaN) };
    });
  } finally {
    scope.end();
  }
}

/** Uniform over the 2^24 float32 values k / 2^24, all below 1: a draw of 32 bits could round to 1. */
function uniform(random: Random): number {
  return (random.uint32() >>> 8) / 2 ** 24;
}

function notFinite(prompt: number): ReptraceError {
  return new ReptraceError(
    'NOT_FINITE',
    `the logits after prompt ${prompt} are not finite numbers`,
    'The model overflows on this prompt: check it for extreme input, and the model’s weights.',
  );
}

/** Sequences on their way: what is in the cache, and the ids chosen last. */
class Decoder {
  readonly #model: Model;
  readonly #prompts: readonly (readonly number[])[];
  readonly #temperature: number;
  readonly #losses: boolean;
  readonly #random: Random;
  readonly #cache: KeyValueCache;
  readonly #ids: Tensor;
  readonly #positions: number;
  #step = 0;

  constructor(
    model: Model,
    scope: Scope,
    prompts: readonly (readonly number[])[],
    steps: number,
    {
      temperature,
      seed,
      losses,
    }: { readonly temperature: number; readonly seed: number; readonly losses: boolean },
  ) {
    this.#model = model;
    this.#prompts = prompts;
    this.#temperature = temperature;
    this.#losses = losses;
    this.#random = new Random(seed);
    this.#positions = Math.max(...prompts.map((ids) => ids.length)) + steps;
    this.#cache = new KeyValueCache(model.recorder, scope, model.config, prompts.length, this.#positions);
    this.#ids = scope.take([prompts.length], 'u32');
  }

  /** Takes `count` steps. */
  async advance(count: number): Promise<Step[]> {
    const { recorder } = this.#model;
    const rows = this.#prompts.length;
    const inner = this.#model.arena.scope();
    try {
      // Everything that the host knows is uploaded before the first kernel, so that no step waits for an upload.
      const draws = Float32Array.from({ length: count * rows }, () => uniform(this.#random));
      const drawn = uploadFloats(recorder, inner, draws, [count, rows]);
      const history = inner.take([count, rows], 'u32');
      const empty = crossEntropy.emptyStats(rows);
      const stats = Array.from({ length: this.#losses ? count : 0 }, () =>
        uploadFloats(recorder, inner, empty, [rows, 4]),
      );
      const plans = Array.from({ length: count }, (_, i) => this.#plan(inner, this.#step + i));
      for (const [i, { batch, places, last }] of plans.entries()) {
        await this.#pass(inner, batch, places, last, { step: i, draws: drawn, history }, stats.at(i));
      }
      this.#step += count;
      const [words = new ArrayBuffer(0), ...read] = await recorder.read([history, ...stats]);
      return Array.from({ length: count }, (_, i) => ({
        ids: new Uint32Array(words, i * rows * 4, rows),
        nll: this.#losses ? crossEntropy.nllFromStats(new Float32Array(read[i])) : undefined,
      }));
    } finally {
      inner.end();
    }
  }

  /** The prompts as one packed batch (step 0), or the token that each sequence chose last. */
  #plan(scope: Scope, step: number): { batch: GpuBatch; places: Tensor; last: Tensor | undefined } {
    const { recorder } = this.#model;
    const cache = this.#cache;
    if (step === 0) {
      const packed = packBatch(
        this.#prompts.map((inputIds) => ({ inputIds, promptLength: inputIds.length })),
      );
      const runs = packed.places.map(({ start, length }, i): QueryRun => {
        return { firstQuery: start, count: length, firstKey: cache.rowOf(i, 0), visible: 0 };
      });
      const rows = packed.places.flatMap(({ length }, i) =>
        Array.from({ length }, (_, t) => cache.rowOf(i, t)),
      );
      const last = packed.places.map(({ start, length }) => start + length - 1);
      return {
        batch: this.#batch(scope, uploadWords(recorder, scope, packed.ids), packed.positions, runs),
        places: uploadWords(recorder, scope, Uint32Array.from(rows)),
        last: uploadWords(recorder, scope, Uint32Array.from(last)),
      };
    }
    const positions = this.#prompts.map((ids) => ids.length + step - 1);
    const runs = positions.map((position, i): QueryRun => {
      return { firstQuery: i, count: 1, firstKey: cache.rowOf(i, 0), visible: position };
    });
    const rows = positions.map((position, i) => cache.rowOf(i, position));
    return {
      batch: this.#batch(scope, this.#ids, Uint32Array.from(positions), runs),
      places: uploadWords(recorder, scope, Uint32Array.from(rows)),
      last: undefined,
    };
  }

  #batch(
    scope: Scope,
    ids: Tensor,
    positions: Uint32Array<ArrayBuffer>,
    runs: readonly QueryRun[],
  ): GpuBatch {
    const { recorder } = this.#model;
    return { ids, ...uploadQueries(recorder, scope, { positions, blocks: planBlocks(runs) }) };
  }

  /** Runs a batch through the model and chooses each sequence's next id. @param stats of what is chosen, where wanted */
  async #pass(
    scope: Scope,
    batch: GpuBatch,
    places: Tensor,
    last: Tensor | undefined,
    out: { readonly step: number; readonly draws: Tensor; readonly history: Tensor },
    stats: Tensor | undefined,
  ): Promise<void> {
    const { recorder, config } = this.#model;
    const rows = this.#prompts.length;
    const context = this.#model.context(scope, this.#positions);
    const { x } = await this.#model.forward(context, batch, { keyValues: this.#cache.at(places) });
    const ending = last === undefined ? x : scope.take([rows, config.hiddenSize]);
    if (last !== undefined) gather(recorder, { source: x, indices: last, out: ending });
    const { weights } = this.#model;
    const [normed, normStats] = normForward(context, weights.ends.norm, ending);
    const logits = scope.take([rows, roundUp4(config.vocabSize)]);
    for (let part = 0; part < weights.vocabularyParts; part++) {
      const { projection, firstId } = await weights.head(recorder, part);
      projectAll({ recorder, scope }, normed, [{ projection, y: logits, firstColumn: firstId }]);
    }
    const columns = config.vocabSize;
    const cap = config.logitSoftcap ?? undefined;
    sample(recorder, { logits, columns, temperature: this.#temperature, cap, ids: this.#ids, ...out });
    if (stats !== undefined) {
      crossEntropy.forward(recorder, {
        chunk: { logits, columns, firstId: 0 },
        targets: this.#ids,
        stats,
        cap,
      });
    }
    scope.give(...new Set([x, ending]), normed, normStats, logits);
  }
}
