/** The demo's figures for a person. */
import type { BehaviourReport, RankedBy } from './measure/behaviour.ts';
import type { VerdictRates } from './measure/verdicts.ts';

const COLUMN = 11;
const LABEL = 44;
const NAMES: Readonly<Record<RankedBy, string>> = {
  taught: 'taught',
  h: 'REPT, h',
  g: 'REPT, g',
  raw: 'raw',
  bm25: 'BM25',
  chance: 'chance',
};
const ORDER = ['taught', 'h', 'g', 'raw', 'bm25', 'chance'] as const;

/** How well each method finds a behaviour's rows: average precision over the whole ranking, precision at 10. */
export function qualityTable(
  reports: readonly (Pick<BehaviourReport, 'outputs' | 'quality'> & { readonly name: string })[],
): string {
  const lines = reports.flatMap(({ name, outputs, quality }) => [
    line(
      `${name} (${outputs} outputs): AP`,
      ORDER.map((method) => quality[method].averagePrecision),
    ),
    line(
      '  precision at 10',
      ORDER.map((method) => quality[method].precisionAt10),
    ),
  ]);
  return [header(ORDER), ...lines].join('\n');
}

/** Whether the most taught tokens are those of the planted text. */
export function spanLines(reports: readonly BehaviourReport[]): string {
  return reports
    .map(({ name, spanInTopThree, lessonInTopThree }) => {
      const only = name === 'false-fact' ? `; of its first words alone, in ${percent(lessonInTopThree)}` : '';
      return `${name}: planted text among the three most taught tokens in ${percent(spanInTopThree)} of outputs${only}`;
    })
    .join('\n');
}

export function verdictTable(rates: readonly (readonly [what: string, rates: VerdictRates])[]): string {
  const states = ['TAUGHT', 'UNCERTAIN', 'NOT_TAUGHT'] as const;
  const width = Math.max(...rates.map(([what]) => what.length)) + 6;
  return [
    `${''.padEnd(width)}${states.map((state) => state.replace('_', ' ').padStart(COLUMN)).join('')}`,
    ...rates.map(([what, of]) => {
      const shares = states.map((state) => percent(of[state]).padStart(COLUMN)).join('');
      return `${`${what} (${of.outputs})`.padEnd(width)}${shares}`;
    }),
  ].join('\n');
}

function header(methods: readonly RankedBy[]): string {
  return `${''.padEnd(LABEL)}${methods.map((method) => NAMES[method].padStart(COLUMN)).join('')}`;
}

function line(label: string, values: readonly number[]): string {
  return `${label.padEnd(LABEL)}${values.map((value) => value.toFixed(3).padStart(COLUMN)).join('')}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
