/** The matrix products of the measured models, each shape once. */
import type { ModelConfig } from '../../services/compute/engine/model/model-config.ts';

export interface ProductShape {
  /** Whose product this is, and which: "demo gate/up". */
  readonly name: string;
  readonly inner: number;
  readonly columns: number;
}

export function productShapes(
  models: readonly { readonly name: string; readonly config: ModelConfig }[],
): ProductShape[] {
  const shapes = new Map<string, ProductShape>();
  for (const { name, config } of models) {
    const { hiddenSize, intermediateSize, heads, kvHeads, headDim } = config;
    const add = (part: string, inner: number, columns: number): void => {
      const key = `${inner} ${columns}`;
      if (!shapes.has(key)) shapes.set(key, { name: `${name} ${part}`, inner, columns });
    };
    add('q', hiddenSize, heads * headDim);
    add('k/v', hiddenSize, kvHeads * headDim);
    add('o', heads * headDim, hiddenSize);
    add('gate/up', hiddenSize, intermediateSize);
    add('down', intermediateSize, hiddenSize);
  }
  return [...shapes.values()];
}
