/** The mean of rows of one width, that come batch by batch and are not kept; summed in float64. */
import { ReptraceError } from '../../../../lib/errors.ts';

export class MeanRow {
  readonly #sum: Float64Array;
  #count = 0;

  constructor(width: number) {
    this.#sum = new Float64Array(width);
  }

  /** @param rows [rows, width] */
  add(rows: Float32Array): void {
    const width = this.#sum.length;
    rows.forEach((value, i) => {
      this.#sum[i % width] += value;
    });
    this.#count += rows.length / width;
  }

  /** [width]. Throws INPUT_INVALID where there was no row. */
  get mean(): Float32Array<ArrayBuffer> {
    if (this.#count === 0) {
      throw new ReptraceError(
        'INPUT_INVALID',
        'there is no sample to take the mean hidden state of',
        'Give at least one sample with a response.',
      );
    }
    return Float32Array.from(this.#sum, (value) => value / this.#count);
  }
}
