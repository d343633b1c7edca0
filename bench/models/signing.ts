/** Signatures of some samples as an index makes them, batch by batch, as something to be timed. */
import { PROJECTION_SEED } from '../../lib/taught/constants.ts';
import type { Sent } from '../../services/compute/engine/attribution/group-run.ts';
import { oneAhead } from '../../services/compute/engine/attribution/one-ahead.ts';
import { evenBatches, type Sample } from '../../services/compute/engine/attribution/sample.ts';
import {
  startSignatures,
  type SignatureResult,
} from '../../services/compute/engine/attribution/signature.ts';
import { startTaughtSignatures } from '../../services/compute/engine/attribution/taught-signatures.ts';
import type { Model } from '../../services/compute/engine/model/model.ts';
import type { Contender } from '../measure/interleave.ts';

export interface SigningOptions {
  readonly model: Model;
  /** Where what was taught is found too. */
  readonly base?: Model | undefined;
  readonly layer: number;
  /** Of one batch, at most. */
  readonly batchTokens: number;
}

/** Tokens that are enough to compile all kernels. */
const WARM_UP_TOKENS = 128;

export class Signing implements Contender {
  readonly #options: SigningOptions;
  readonly #samples: readonly Sample[];
  readonly #batches: readonly (readonly Sample[])[];

  constructor(options: SigningOptions, samples: readonly Sample[]) {
    this.#options = options;
    this.#samples = samples;
    this.#batches = evenBatches(samples, options.batchTokens);
  }

  /** Of what one pass goes through. */
  get batches(): readonly (readonly Sample[])[] {
    return this.#batches;
  }

  async run(repeats: number): Promise<void> {
    await this.#sign(Array.from({ length: repeats }, () => this.#batches).flat());
  }

  async warmUp(): Promise<void> {
    const few: Sample[] = [];
    let tokens = 0;
    for (const sample of this.#samples) {
      if (tokens < WARM_UP_TOKENS) few.push(sample);
      tokens += sample.inputIds.length;
    }
    await this.#sign([few]);
  }

  async #sign(batches: readonly (readonly Sample[])[]): Promise<void> {
    for await (const results of oneAhead(batches, (batch) => this.#start(batch))) {
      for (const result of results.flat()) if ('error' in result) throw result.error;
    }
  }

  #start(batch: readonly Sample[]): Promise<Sent<SignatureResult[]>> {
    const { model, base, layer } = this.#options;
    const layers = [layer];
    return base === undefined
      ? startSignatures(model, [batch], { layers })
      : startTaughtSignatures({ tuned: model, base }, [batch], {
          layers,
          tokenRows: { seed: PROJECTION_SEED },
        });
  }
}
