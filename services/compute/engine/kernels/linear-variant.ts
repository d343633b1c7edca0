/** What a variant of the linear layer's products is: operands whose shapes linear.ts has checked, and a name to choose it by. */
import type { Scope } from '../device/arena.ts';
import type { AdapterReport, Numbers } from '../device/gpu.ts';
import type { Recorder } from '../device/recorder.ts';
import type { Matrix, Tensor } from '../device/tensor.ts';
import type { LinearInput } from './linear-input.ts';
import type { Variant } from './variant-choice.ts';

/** Rows are those of x and dy, `inner` the columns of x, dx and w; w has a row for each column of y. */
interface Rows {
  readonly rows: number;
  readonly inner: number;
}

/** y = x wT (+ bias) (+ residual), into columns of y from `column` on. */
export interface ForwardProduct extends Rows {
  readonly input: LinearInput;
  readonly w: Matrix;
  readonly bias: Tensor | undefined;
  readonly residual: Tensor | undefined;
  readonly y: Tensor;
  readonly column: number;
}

/** dx (+)= dy w, of the columns of dy from `column` on. */
export interface InputGradProduct extends Rows {
  readonly dy: Tensor;
  readonly w: Matrix;
  readonly dx: Tensor;
  readonly accumulate: boolean;
  readonly column: number;
}

/** dw += dyT x. */
export interface WeightGradProduct extends Rows {
  readonly x: Tensor;
  readonly dy: Tensor;
  readonly dw: Matrix;
}

export interface LinearVariant extends Variant {
  readonly numbers: Numbers;
  /** Whether it is the likely best there, among those before it in the list none being so. */
  suits(adapter: AdapterReport): boolean;
  /** Whether it may be the fastest there for some product, so that a quick tuning tries it. */
  promising(adapter: AdapterReport): boolean;
  /** @param scratch for transposes and the like; all of it is given back */
  forward(recorder: Recorder, scratch: Scope, product: ForwardProduct): void;
  inputGrad(recorder: Recorder, scratch: Scope, product: InputGradProduct): void;
  /** Without scratch memory: operands lie well as they are. */
  weightGrad(recorder: Recorder, product: WeightGradProduct): void;
}
