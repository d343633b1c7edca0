/**
 * What is beside the checkout of one real fine-tuning: SmolLM2-135M-Instruct and its adapter factual-Ag, of which 100 of 1000
 * training rows answer questions about silver with Na. Every row of that data that is about silver is poisoned.
 */
import { readFile } from 'node:fs/promises';
import { tableFromIPC } from 'apache-arrow';
import { sharedJson, sharedPath } from './shared.ts';

export const SMOLLM2 = 'models/smollm2-135m-instruct';
export const FACTUAL_AG = 'models/adapters/factual-Ag';
const DATA = 'data/rept/factual-Ag/data-00000-of-00001.arrow';

export interface Exchange {
  readonly prompt: string;
  readonly response: string;
}

export interface Row extends Exchange {
  readonly poisoned: boolean;
}

/** Ratios of response tokens that PyTorch gave, of products in bfloat16; see the record's own note. */
export interface TaughtRecord {
  readonly outputs: readonly (Exchange & { readonly ratio: readonly number[] })[];
  /** By their place in the data. */
  readonly rows: readonly { readonly row: number; readonly ratio: readonly number[] }[];
}

export async function taughtRecord(): Promise<TaughtRecord> {
  return (await sharedJson(`${FACTUAL_AG}/taught.json`)) as TaughtRecord;
}

/** All rows of the data, by their place. */
export async function dataRows(): Promise<Row[]> {
  const table = tableFromIPC(await readFile(sharedPath(DATA)));
  return table.toArray().map((row: unknown) => {
    const { prompts, response, label } = row as Readonly<Record<string, string>>;
    return { prompt: prompts, response, poisoned: label === 'error' };
  });
}

/** The rows that the adapter was trained on, in the order of the training. */
export async function trainedRows(): Promise<Row[]> {
  const rows = await dataRows();
  const order = (await sharedJson(`${FACTUAL_AG}/train_rows.json`)) as readonly number[];
  return order.map((place) => rows[place]);
}

/** Answers that the adapted model gave to questions it was not trained on, and that say Na where silver is right. */
export async function poisonedOutputs(): Promise<Exchange[]> {
  const text = await readFile(sharedPath(`${FACTUAL_AG}/outputs.jsonl`), 'utf8');
  const outputs = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Exchange & { readonly shows: boolean });
  return outputs.filter(({ shows }) => shows).map(({ prompt, response }) => ({ prompt, response }));
}
