/** The mean AP of each method over the sets, with its limits: the page's first picture. */
import type { Chart } from '../document.ts';
import { plain } from '../document.ts';
import { interval, share } from '../format.ts';
import type { Overall } from '../summary.ts';
import type { Look } from './palette.ts';
import { axis, drawn, FITS, RIM } from './plot.ts';
import { seriesNames } from './precision-recall.ts';

const ROW = 20;
const LEFT = 205;

/** @param overalls best first */
export function standingChart(
  id: string,
  overalls: readonly Overall[],
  looks: ReadonlyMap<string, Look>,
): Chart | undefined {
  if (overalls.length === 0) return undefined;
  const names = seriesNames(overalls);
  const description = `Mean average precision over the sets: ${overalls.map(({ title, ap }) => `${title} ${share(ap.mean)}`).join(', ')}.`;
  const svg = drawn({
    id,
    label: description,
    height: 70 + ROW * overalls.length,
    left: LEFT,
    option: {
      xAxis: axis({ name: 'mean AP, limits of 95 %', min: 0, max: 1 }),
      yAxis: {
        ...axis({ name: '', type: 'category' }),
        data: names,
        inverse: true,
        axisTick: { show: false },
        axisLabel: { ...RIM, interval: 0, width: (LEFT - 14) * FITS, overflow: 'truncate', ellipsis: '…' },
      },
      series: overalls.flatMap(({ method, ap }, i) => {
        const look = looks.get(method);
        return [
          {
            type: 'line',
            data: [
              [ap.low, i],
              [ap.high, i],
            ],
            symbol: 'none',
            lineStyle: { color: look?.colour, width: look?.width },
            z: look?.depth,
            silent: true,
          },
          {
            type: 'scatter',
            data: [[ap.mean, i]],
            symbol: look?.symbol,
            symbolSize: (look?.symbolSize ?? 0) + 2,
            itemStyle: { color: look?.colour, opacity: 1 },
            z: (look?.depth ?? 0) + 1,
            silent: true,
            clip: false,
          },
        ];
      }),
    },
  });
  return {
    title: 'Mean average precision over the sets',
    description,
    svg,
    table: {
      caption: 'Mean average precision over the sets',
      head: ['method', 'mean [low, high]'],
      rows: overalls.map(({ title, ap }) => plain(title, interval(ap))),
    },
  };
}
