/**
 * How llama.cpp's converter stores a tensor, where that is not as Hugging Face has it, and how it is read back:
 *
 *   rotary-rows    each head's rows in the order of llama.cpp's rotary embedding (rotary-rows.ts); of whole blocks too
 *   stacked-heads  query, key and value of head after head, stored as all queries, all keys, all values
 *   transposed     (inputs, outputs), stored as (outputs, inputs)
 *   plus-one       a norm's scale less one, stored with the one
 *
 * Adding the one in float32 and taking it away again gives a scale whose sum with one is the stored value to the last bit:
 * from 1/2 on the difference is exact, and below it the converter's sum was.
 */
import { ReptraceError } from '../../../../../lib/errors.ts';
import type { ModelConfig } from '../model-config.ts';
import { quoteName } from '../safetensors.ts';
import { bytesFor, isQuantType, type GgufDType } from './gguf-types.ts';
import { undoRotaryRows } from './rotary-rows.ts';
import { transpose } from './transpose.ts';

export type Layout = 'same' | 'rotary-rows' | 'stacked-heads' | 'transposed' | 'plus-one';

/** How a tensor is read in parts. */
export interface ReadingPlan {
  /** Values of a part. The last one of a tensor may be shorter. */
  readonly step: number;
  /** Which value of the tensor the part that is stored from value `first` on begins with. */
  readonly place: (first: number) => number;
  /** Puts a part into `out`, as long, as Hugging Face has it; undefined where it is so already. */
  readonly arrange: ((stored: Uint8Array<ArrayBuffer>, out: Uint8Array<ArrayBuffer>) => void) | undefined;
}

/** Values of a part: 8 MiB of float32. A multiple of every block, and of two. */
const PART_VALUES = 1 << 21;
/** Values that must be in memory together: a head has 2^21 in Llama 3.1 405B, a whole matrix to turn 2^24 in GPT-2 XL. */
const MAX_HEAD_VALUES = 1 << 24;
const MAX_TURNED_VALUES = 1 << 27;

/** Whether a quantised matrix of this layout can stay as it is: blocks go along what would be turned. */
function keepsBlocks(layout: Layout): boolean {
  return layout === 'same' || layout === 'rotary-rows' || layout === 'stacked-heads';
}

/** What a tensor is given in. */
export function givenDType(layout: Layout, stored: GgufDType, mayStay: boolean): GgufDType {
  if (layout === 'plus-one') return 'F32';
  return isQuantType(stored) && !(mayStay && keepsBlocks(layout)) ? 'F32' : stored;
}

/** The shape in Hugging Face's order. */
export function givenShape(layout: Layout, stored: readonly number[]): readonly number[] {
  return layout === 'transposed' ? [...stored].reverse() : stored;
}

/**
 * @param name for the error
 * @param shape as given, fitting the config
 * @param dtype as given
 */
export function readingPlan(
  name: string,
  layout: Layout,
  { heads, headDim }: Pick<ModelConfig, 'heads' | 'headDim'>,
  shape: readonly number[],
  dtype: GgufDType,
): ReadingPlan {
  const rowValues = shape.slice(1).reduce((product, size) => product * size, 1);
  const headValues = headDim * rowValues;
  const inOrder = (first: number): number => first;
  switch (layout) {
    case 'same':
      return { step: PART_VALUES, place: inOrder, arrange: undefined };
    case 'plus-one':
      return { step: PART_VALUES, place: inOrder, arrange: lessOne };
    case 'rotary-rows': {
      atMost(name, headValues, MAX_HEAD_VALUES);
      const rowBytes = bytesFor(dtype, rowValues);
      return {
        step: Math.max(1, Math.floor(PART_VALUES / headValues)) * headValues,
        place: inOrder,
        arrange: (stored, out) => {
          undoRotaryRows(stored, headDim, rowBytes, out);
        },
      };
    }
    case 'stacked-heads':
      atMost(name, headValues, MAX_HEAD_VALUES);
      return {
        step: headValues,
        // Part p (query, key, value) of head h is stored as head p · heads + h, and given as 3 h + p.
        place: (first) => {
          const index = first / headValues;
          return (3 * (index % heads) + Math.floor(index / heads)) * headValues;
        },
        arrange: undefined,
      };
    case 'transposed': {
      const [inputs = 0, outputs = 0] = shape;
      atMost(name, inputs * outputs, MAX_TURNED_VALUES);
      return {
        step: inputs * outputs,
        place: inOrder,
        arrange: (stored, out) => {
          transpose(stored, outputs, inputs, bytesFor(dtype, 1), out);
        },
      };
    }
  }
}

function lessOne(stored: Uint8Array<ArrayBuffer>, out: Uint8Array<ArrayBuffer>): void {
  const values = new Float32Array(stored.buffer, stored.byteOffset, stored.byteLength / 4);
  new Float32Array(out.buffer, out.byteOffset, values.length).set(values.map((value) => value - 1));
}

function atMost(tensor: string, values: number, most: number): void {
  if (values <= most) return;
  throw new ReptraceError(
    'CONFIG_UNSUPPORTED',
    `Of tensor ${quoteName(tensor)} ${values} values must be put in order together; at most ${most} are.`,
    'Convert the model to safetensors.',
  );
}
