/** The samples that taught a model the most, for a person: a list to begin a triage with. */
import type { MostTaughtResult } from '../client/results.ts';
import { safeText, shortened } from './safe-text.ts';
import { shellWord } from './shell-word.ts';
import { wrapped } from './wrapped.ts';

const HEADER = 'rank  taught     row  label';
const NARROWEST = 40;

/** @param width columns; texts are cut to fit. `taught` is in nats. */
export function taughtTable({ index, samples }: MostTaughtResult, width: number): string {
  const name = safeText(index.name);
  if (samples.length === 0) return `no sample of index ${name} matches the filter`;
  const columns = Math.max(NARROWEST, width);
  return [
    ...wrapped(
      `index ${name}: what taught the model the most (nats, summed over a row's most taught tokens)`,
      columns,
      '  ',
    ),
    '',
    HEADER,
    ...samples.flatMap((sample, i) => sampleLines(sample, i + 1, columns)),
    '',
    ...wrapped(
      `Ask the model what a row asks; \`reptrace trace --index ${shellWord(index.name)} --prompt … --output …\` then says which rows taught an answer.`,
      columns,
    ),
  ].join('\n');
}

function sampleLines(
  { taught, row, label, line, part, prompt, response }: MostTaughtResult['samples'][number],
  rank: number,
  width: number,
): string[] {
  const numbers = [
    String(rank).padStart(4),
    (taught === null ? '-' : taught.toFixed(1)).padStart(7),
    String(row).padStart(7),
  ].join(' ');
  const place = part === null ? '' : `  (line ${line}, part ${part})`;
  return [
    shortened(`${numbers}  ${safeText(label ?? '-')}${place}`, width),
    `      ${shortened(safeText(prompt).trim(), width - 6)}`,
    `      → ${shortened(safeText(response).trim(), width - 8)}`,
  ];
}
