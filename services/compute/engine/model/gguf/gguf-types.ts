/**
 * The kinds of tensors that a GGUF file can hold: ggml's numbers and names, and, of those that are read, the size of a
 * block. Numbers are those of `enum ggml_type` in ggml.h, sizes those of ggml-common.h.
 */
import { isDType, type DType } from '../dtype.ts';

export type QuantType = 'Q4_0' | 'Q4_1' | 'Q5_0' | 'Q5_1' | 'Q8_0' | 'Q4_K' | 'Q5_K' | 'Q6_K';
export type GgufDType = DType | QuantType;

export interface BlockSize {
  /** Values of one block. A row consists of whole blocks. */
  readonly values: number;
  readonly bytes: number;
}

export const BLOCKS: Readonly<Record<GgufDType, BlockSize>> = {
  F32: { values: 1, bytes: 4 },
  F16: { values: 1, bytes: 2 },
  BF16: { values: 1, bytes: 2 },
  Q4_0: { values: 32, bytes: 18 },
  Q4_1: { values: 32, bytes: 20 },
  Q5_0: { values: 32, bytes: 22 },
  Q5_1: { values: 32, bytes: 24 },
  Q8_0: { values: 32, bytes: 34 },
  Q4_K: { values: 256, bytes: 144 },
  Q5_K: { values: 256, bytes: 176 },
  Q6_K: { values: 256, bytes: 210 },
};

/** Bytes of whole blocks with so many values. */
export function bytesFor(dtype: GgufDType, values: number): number {
  return (values / BLOCKS[dtype].values) * BLOCKS[dtype].bytes;
}

/** Values of whole blocks in so many bytes. */
export function valuesIn(dtype: GgufDType, bytes: number): number {
  return (bytes / BLOCKS[dtype].bytes) * BLOCKS[dtype].values;
}

/** By number; those that ggml has removed again are left out. */
const NAMES: Readonly<Record<number, string>> = {
  ...{ 0: 'F32', 1: 'F16', 2: 'Q4_0', 3: 'Q4_1', 6: 'Q5_0', 7: 'Q5_1', 8: 'Q8_0', 9: 'Q8_1' },
  ...{ 10: 'Q2_K', 11: 'Q3_K', 12: 'Q4_K', 13: 'Q5_K', 14: 'Q6_K', 15: 'Q8_K' },
  ...{ 16: 'IQ2_XXS', 17: 'IQ2_XS', 18: 'IQ3_XXS', 19: 'IQ1_S', 20: 'IQ4_NL', 21: 'IQ3_S', 22: 'IQ2_S' },
  ...{ 23: 'IQ4_XS', 24: 'I8', 25: 'I16', 26: 'I32', 27: 'I64', 28: 'F64', 29: 'IQ1_M', 30: 'BF16' },
  ...{ 34: 'TQ1_0', 35: 'TQ2_0', 39: 'MXFP4' },
};

export function isQuantType(name: GgufDType): name is QuantType {
  return !isDType(name);
}

/** The type's name where it has one, else its number. */
export function ggufTypeName(number: number): string {
  return NAMES[number] ?? `type ${number}`;
}

export function isGgufDType(name: string): name is GgufDType {
  return Object.hasOwn(BLOCKS, name);
}
