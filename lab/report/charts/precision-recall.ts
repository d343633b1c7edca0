/** Precision at each recall, a line for each method. */
import type { Chart } from '../document.ts';
import { plain } from '../document.ts';
import { share } from '../format.ts';
import type { Summary } from '../summary.ts';
import type { Look } from './palette.ts';
import { axis, drawn, LINE_ICON } from './plot.ts';

/** High enough for some twenty lines to be followed. */
const HEIGHT = 340;
/** A mark on each fifth point, at another one for each method, so that lines that lie on one another are seen to. */
const MARK_EVERY = 5;
/** Recalls of the table. */
const TOLD = [0, 0.25, 0.5, 0.75, 1];

/** @param summaries best first */
export function precisionRecallChart(
  id: string,
  set: string,
  summaries: readonly Summary[],
  looks: ReadonlyMap<string, Look>,
): Chart | undefined {
  const shown = summaries.filter(({ precisionRecall }) => precisionRecall.length > 1);
  if (shown.length === 0) return undefined;
  const names = seriesNames(shown);
  const description = `Precision against recall on ${set}: ${shown.map(({ title, ap }) => `${title} has an AP of ${share(ap.mean)}`).join(', ')}.`;
  const svg = drawn({
    id,
    label: description,
    height: HEIGHT,
    legend: { entries: names, columns: 2, icon: LINE_ICON },
    option: {
      xAxis: axis({ name: 'recall (share of the poison found)', min: 0, max: 1 }),
      yAxis: axis({ name: 'precision', min: 0, max: 1, gap: 34 }),
      series: shown.map(({ method, precisionRecall }, i) => {
        const look = looks.get(method);
        return {
          type: 'line',
          name: names[i],
          data: precisionRecall.map((precision, point) => ({
            value: [point / (precisionRecall.length - 1), precision],
            ...(point % MARK_EVERY === i % MARK_EVERY ? {} : { symbol: 'none' }),
          })),
          showAllSymbol: true,
          symbol: look?.symbol,
          symbolSize: look?.symbolSize,
          z: look?.depth,
          lineStyle: { color: look?.colour, width: look?.width, type: look?.dash },
          itemStyle: { color: look?.colour },
          silent: true,
          clip: false,
        };
      }),
    },
  });
  return { title: 'Precision and recall', description, svg, table: tableOf(shown) };
}

/** Titles; of two that are alike, with the method's name, for echarts knows series by their name. */
export function seriesNames(of: readonly { readonly method: string; readonly title: string }[]): string[] {
  return of.map(({ method, title }) =>
    of.filter((other) => other.title === title).length === 1 ? title : `${title} (${method})`,
  );
}

function tableOf(shown: readonly Summary[]): Chart['table'] {
  return {
    caption: 'Precision at some recalls',
    head: ['method', ...TOLD.map(String)],
    rows: shown.map(({ title, precisionRecall }) =>
      plain(
        title,
        ...TOLD.map((recall) => share(precisionRecall[Math.round(recall * (precisionRecall.length - 1))])),
      ),
    ),
  };
}
