/** What is said of the linear datamodelling score: methods by sets, where it was measured. */
import type { Figure } from '../results.ts';
import { plain, type Section } from './document.ts';
import { interval, share } from './format.ts';
import type { NamedSet } from './standing.ts';
import { mean, meanInterval, type Interval } from './summary.ts';

const TITLE = 'Linear datamodelling score';

/** A set's, by method: means over its seeds. */
interface Measured {
  readonly name: string;
  readonly byMethod: ReadonlyMap<string, Interval>;
}

/** One section, or none where no set has it. */
export function ldsSections(named: readonly NamedSet[]): Section[] {
  const measured = named.map(measuredOf).filter(({ byMethod }) => byMethod.size > 0);
  if (measured.length === 0) return [];
  const titles = new Map(
    named.flatMap(({ summaries }) => summaries.map(({ method, title }): [string, string] => [method, title])),
  );
  const counts = named.flatMap(({ set }) =>
    set.seeds.flatMap(({ lds }) => (lds === null ? [] : [lds.subsets])),
  );
  const rows = [...new Set(measured.flatMap(({ byMethod }) => [...byMethod.keys()]))]
    .map((method) => {
      const of = measured.map(({ byMethod }) => byMethod.get(method));
      const known = of.filter((each) => each !== undefined);
      return { title: titles.get(method) ?? method, of, sets: known.length, over: meanInterval(known) };
    })
    .sort((a, b) => b.sets - a.sets || b.over.mean - a.over.mean);
  return [
    {
      title: TITLE,
      sentences: sentences(Math.min(...counts)),
      tables: [
        {
          caption: `${TITLE}, mean [low, high]`,
          head: ['method', 'LDS, mean over sets', ...measured.map(({ name }) => name)],
          rows: rows.map(({ title, of, sets, over }) => {
            const part = sets === measured.length ? '' : ` (${sets} of ${measured.length} sets)`;
            const cells = of.map((each) => (each === undefined ? share(null) : interval(each)));
            return plain(title, `${interval(over)}${part}`, ...cells);
          }),
        },
      ],
      charts: [],
    },
  ];
}

function sentences(subsets: number): string[] {
  return [
    `${subsets} models of each seed were trained on random halves of the rows. For each traced output: the rank correlation, over these models, of the sum of a method's scores of the rows with how likely the model makes the output. The mean over the outputs, 1 where all is foretold, 0 by chance.`,
    `It asks for causes, not for labels. Its limits are those of other outputs: by the choice of halves alone one output's correlation is off by about ${share(1 / Math.sqrt(subsets - 1), 2)}, and those of all outputs together. How a training happens to go is in the losses too, so even a perfect method stays below 1.`,
  ];
}

function measuredOf({ name, set }: NamedSet): Measured {
  const figures = new Map<string, Figure[]>();
  for (const { lds } of set.seeds) {
    for (const [method, figure] of Object.entries(lds?.byMethod ?? {})) {
      figures.set(method, [...(figures.get(method) ?? []), figure]);
    }
  }
  // Of each seed only the limits are kept: those of other outputs. How seeds differ is in the table of seeds, not in these.
  const over = (of: readonly Figure[]): Interval => ({
    mean: mean(of.map((each) => each.mean)),
    low: mean(of.map(({ low }) => low)),
    high: mean(of.map(({ high }) => high)),
  });
  return { name, byMethod: new Map([...figures].map(([method, of]) => [method, over(of)])) };
}
