/** The three products of a linear layer, as both sides of the comparison offer them. */
import { Random } from '../../lib/random.ts';

export const PRODUCTS = ['forward', 'inputGrad', 'weightGrad'] as const;

/** y = x wT, dx = dy w, dw = dyT x. */
export type Product = (typeof PRODUCTS)[number];

/** x [rows, inner], w [columns, inner], dy [rows, columns], row-major. */
export interface Operands {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  readonly x: Float32Array<ArrayBuffer>;
  readonly w: Float32Array<ArrayBuffer>;
  readonly dy: Float32Array<ArrayBuffer>;
}

/** Operands on a device, and what is computed of them. */
export interface ProductsOnDevice {
  /** Computes one product so many times and waits for the device once, at the end. */
  run(product: Product, repeats: number): Promise<void>;
  /** A product's values: y [rows, columns], dx [rows, inner], dw [columns, inner]. */
  result(product: Product): Promise<Float32Array>;
  close(): void;
}

export function randomOperands(rows: number, inner: number, columns: number): Operands {
  const random = new Random(3);
  const normal = (length: number): Float32Array<ArrayBuffer> =>
    Float32Array.from({ length }, () => random.normal());
  return {
    rows,
    inner,
    columns,
    x: normal(rows * inner),
    w: normal(columns * inner),
    dy: normal(rows * columns),
  };
}

export function transposed(values: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c];
  }
  return out;
}
