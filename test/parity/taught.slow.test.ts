/**
 * What a real adapter taught a real model, SmolLM2-135M (Q4_1) and the LoRA adapter that was trained on it with poison: the log
 * ratio log p_tuned - log p_base of each response token, of outputs and of training rows.
 *
 * PyTorch's values are there twice. Those in float32 (test/python/taught_ratios.py) say whether ours are right. Those of the
 * record beside the adapter are of bfloat16 matrix products, which keep 8 bits of each factor: PyTorch's own float32 differs
 * from them by up to .29, by .05 root mean square, and by more than .1 on 5 to 8 % of the tokens. So they are met as nearly as
 * float32 meets them, and not more closely.
 */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { withGpu, withPair } from '../../cli/resources.ts';
import { batchByTokens } from '../../services/compute/engine/attribution/sample.ts';
import { BATCH_TOKENS } from '../../services/compute/engine/attribution/signature-batches.ts';
import { taughtSignaturesOfBatch } from '../../services/compute/engine/attribution/taught-signatures.ts';
import { renderSample } from '../../services/compute/engine/model/render.ts';
import { dataRows, FACTUAL_AG, SMOLLM2, taughtRecord, type Exchange } from '../factual-ag.ts';
import { sharedPath } from '../shared.ts';

/** Rows that the record's tokenizer cut into more tokens than tokenizer.json says; see taught_ratios.py. */
const CUT_OTHERWISE = 4;

interface Float32Ratios {
  readonly max_tokens: number;
  readonly outputs: readonly (readonly number[])[];
  readonly rows: readonly (readonly number[])[];
}

/** For each exchange the ratios of its response tokens, as reptrace computes them. */
async function ratiosOf(exchanges: readonly Exchange[], maxTokens: number): Promise<Float64Array[]> {
  const choice = { model: sharedPath(SMOLLM2), adapter: sharedPath(FACTUAL_AG) };
  return withGpu((gpu) =>
    withPair(gpu, choice, undefined, async (pair, source) => {
      const samples = exchanges.map(({ prompt, response }, i) => {
        return { name: `exchange ${i}`, ...renderSample(source, { prompt, response, maxTokens }) };
      });
      const ratios: Float64Array[] = [];
      for (const batch of batchByTokens(samples, BATCH_TOKENS)) {
        for (const result of await taughtSignaturesOfBatch(pair, batch, { layers: [] })) {
          if ('error' in result) throw result.error;
          ratios.push(result.ratios);
        }
      }
      return ratios;
    }),
  );
}

/** Differences of all tokens. */
function gapsOf(ours: readonly Float64Array[], theirs: readonly (readonly number[])[]): number[] {
  expect(ours.map(({ length }) => length)).toEqual(theirs.map(({ length }) => length));
  return ours.flatMap((ratios, i) => Array.from(ratios, (ratio, t) => Math.abs(ratio - theirs[i][t])));
}

function rootMeanSquare(gaps: readonly number[]): number {
  return Math.sqrt(gaps.reduce((sum, gap) => sum + gap * gap, 0) / gaps.length);
}

describe('what the factual-Ag adapter taught SmolLM2-135M, of 10 outputs and 60 rows', () => {
  it('is what PyTorch finds in float32, and what its bfloat16 record has within that rounding', async () => {
    const fixture = new URL('../fixtures/taught-ratios-factual-Ag.json', import.meta.url);
    const float32 = JSON.parse(await readFile(fixture, 'utf8')) as Float32Ratios;
    const [record, data] = [await taughtRecord(), await dataRows()];
    const exchanges = [...record.outputs, ...record.rows.map(({ row }) => data[row])];
    expect(exchanges.length).toBe(70);

    const ours = await ratiosOf(exchanges, float32.max_tokens);
    const gaps = gapsOf(ours, [...float32.outputs, ...float32.rows]);
    // Seen: 7e-5.
    expect(Math.max(...gaps)).toBeLessThan(1e-3);

    const recorded = [...record.outputs, ...record.rows].map(({ ratio }) => ratio);
    const alike = [...recorded.keys()].filter((i) => recorded[i].length === ours[i].length);
    expect(alike.length).toBe(exchanges.length - CUT_OTHERWISE);
    const rounded = gapsOf(
      alike.map((i) => ours[i]),
      alike.map((i) => recorded[i]),
    );
    expect(Math.max(...rounded)).toBeLessThan(0.4);
    expect(rootMeanSquare(rounded)).toBeLessThan(0.1);
  });
});
