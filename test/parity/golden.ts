/** Golden values of a model in ../shared, by case. */
import { sharedJson, sharedTensors, type NamedTensor } from '../shared.ts';

export interface GoldenCase {
  readonly name: string;
  readonly prompt?: string;
  readonly response?: string;
  readonly input_ids: readonly number[];
  readonly prompt_length: number;
  readonly loss: number;
}

export interface Golden {
  readonly cases: readonly GoldenCase[];
  readonly layer_curve?: { readonly adjacent_cosine: readonly number[]; readonly rept_choice: number };
  readonly token_scores?: {
    readonly query: string;
    readonly sample: string;
    readonly by_layer: Readonly<Record<string, readonly number[]>>;
  };
  readonly tensor: (name: string) => NamedTensor;
}

/** @param path in ../shared, without `.json` and `.safetensors` */
export async function readGolden(path: string): Promise<Golden> {
  const json = (await sharedJson(`${path}.json`)) as Omit<Golden, 'tensor'>;
  const tensors = await sharedTensors(`${path}.safetensors`);
  return {
    ...json,
    tensor: (name) => {
      const found = tensors.get(name);
      if (found === undefined) throw new Error(`${path}.safetensors has no tensor ${name}`);
      return found;
    },
  };
}

/** Row `index` of a tensor whose last size is the row's width; `outer` rows come before in its first size. */
export function rowsOf(tensor: NamedTensor, index: number): Float32Array {
  const size = tensor.values.length / (tensor.shape[0] ?? 1);
  return tensor.values.subarray(index * size, (index + 1) * size);
}
