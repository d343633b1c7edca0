/** Whatever finite results hold, a report has no number that is none. */
import { expect, test } from 'vitest';
import { Random } from '../../lib/random.ts';
import { METHODS } from '../methods/method-list.ts';
import type {
  LayerFigures,
  MethodResult,
  Results,
  RetrainingResult,
  SeedResult,
  SetResult,
} from '../results.ts';
import { html } from './html.ts';
import { markdown } from './markdown.ts';
import { reportOf } from './report.ts';
import { figure, method, results, seed, set } from './testing.ts';

/** Results at the limits of what a run gives: nothing taught, no outputs, zeros, one layer, seeds that lack what others have. */
class Drawn {
  readonly #random: Random;

  constructor(seedOf: number) {
    this.#random = new Random(seedOf);
  }

  results(): Results {
    return results(...this.#some(4, () => this.#set()));
  }

  #set(): SetResult {
    const seeds = this.#some(3, (i) => this.#seed(i + 1));
    return set(this.#random.pick(['swap', 'late', 'calm']), seeds, {
      seconds: this.#limit(),
      lora: this.#chance(),
    });
  }

  #seed(at: number): SeedResult {
    const methods = this.#chance()
      ? []
      : METHODS.filter(() => this.#chance()).map((one) => this.#method(one));
    return seed(methods, {
      seed: at,
      note: this.#chance() ? null : 'a note',
      outputs: methods.length === 0 ? 0 : 3,
      training: {
        steps: this.#random.int(2),
        firstLoss: this.#limit(),
        finalLoss: 0,
        seconds: this.#limit(),
      },
      rate: { calling: this.#rate(), clean: this.#rate(), base: null },
      layers: this.#some(3, (layer) => this.#layer(layer)),
      verdicts: { showing: this.#chance() ? null : {}, clean: { TAUGHT: 0 }, auroc: this.#rate() },
      spans: { output: this.#chance() ? null : figure(0), rows: null },
      retraining: this.#some(3, (i) => this.#retraining(i)),
      lds: this.#chance() ? null : { subsets: 2, byMethod: this.#chance() ? {} : { taught: figure(0) } },
    });
  }

  #method({ name, title }: { readonly name: string; readonly title: string }): MethodResult {
    return method(name, title, this.#rate() ?? 0, {
      layer: this.#chance() ? null : 0,
      apByOutput: Array.from({ length: 1 + this.#random.int(2) }, () => this.#rate() ?? 1),
      precisionRecall: this.#chance() ? [] : [1, 0, 0],
      cost: { featureSeconds: this.#limit(), scoreSeconds: 0, bytesPerRow: this.#chance() ? null : 0 },
    });
  }

  #layer(layer: number): LayerFigures {
    const ap = this.#chance() ? null : { hidden: 0, gradient: 1, both: 0.5 };
    return {
      layer,
      adjacentCosine: this.#rate(),
      hiddenNorm: this.#limit(),
      gradientNorm: this.#limit(),
      ap,
    };
  }

  #retraining(i: number): RetrainingResult {
    const removedBy = i === 0 ? 'nothing' : this.#random.pick(['taught', 'random']);
    return { removedBy, removed: i, poison: 0, rate: this.#rate() ?? 0, cleanLoss: this.#limit() };
  }

  /** As many as drawn, from none. */
  #some<T>(most: number, make: (i: number) => T): T[] {
    return Array.from({ length: this.#random.int(most + 1) }, (_, i) => make(i));
  }

  #chance(): boolean {
    return this.#random.int(2) === 0;
  }

  #rate(): number | null {
    return this.#random.pick([null, 0, 1, 0.5]);
  }

  #limit(): number {
    return this.#random.pick([0, 1e-45, 1e-3, 1, 3e38]);
  }
}

test.each(Array.from({ length: 24 }, (_, i) => i))(
  'results at their limits give a report of numbers (%i)',
  (i) => {
    const report = reportOf(new Drawn(i).results());
    for (const text of [markdown(report), html(report)])
      expect(text.match(/.{0,60}\b(?:NaN|Infinity|undefined|null)\b.{0,20}/g)).toBeNull();
  },
);
