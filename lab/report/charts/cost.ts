/**
 * What a method costs beside how well it ranks: a point for each. The legend names them: methods of one kind cost about the same, so
 * that names beside the points would stand at one another's.
 */
import type { Chart } from '../document.ts';
import { plain } from '../document.ts';
import { bytes, seconds, share } from '../format.ts';
import type { Look } from './palette.ts';
import { axis, drawn, POINT_ICON } from './plot.ts';
import { seriesNames } from './precision-recall.ts';

const HEIGHT = 300;
/** Nothing is timed more finely; a logarithmic axis has no place for 0. */
const LEAST_SECONDS = 1e-3;

export interface CostPoint {
  readonly method: string;
  readonly title: string;
  readonly ap: number;
  readonly seconds: number;
  readonly bytesPerRow: number | null;
}

/** @param where "on swap", "over all sets" */
export function costChart(
  id: string,
  where: string,
  points: readonly CostPoint[],
  looks: ReadonlyMap<string, Look>,
): Chart | undefined {
  if (points.length === 0) return undefined;
  const names = seriesNames(points);
  const description = `Average precision against seconds of features and scoring ${where}: ${points.map((point) => `${point.title} ${share(point.ap)} in ${seconds(point.seconds)}`).join(', ')}.`;
  const svg = drawn({
    id,
    label: description,
    height: HEIGHT,
    legend: { entries: names, columns: 2, icon: POINT_ICON },
    option: {
      xAxis: axis({ name: 'seconds (log scale)', type: 'log', ticks: String }),
      yAxis: axis({ name: 'average precision', min: 0, max: 1, gap: 34 }),
      series: points.map(({ method, ap, ...point }, i) => {
        const look = looks.get(method);
        return {
          type: 'scatter',
          name: names[i],
          data: [[Math.max(LEAST_SECONDS, point.seconds), ap]],
          symbol: look?.symbol,
          symbolSize: (look?.symbolSize ?? 0) + 3,
          z: look?.depth,
          itemStyle: { color: look?.colour, opacity: 1 },
          silent: true,
          clip: false,
        };
      }),
    },
  });
  return {
    title: 'Cost and quality',
    description,
    svg,
    table: {
      caption: 'Cost and quality',
      head: ['method', 'AP', 'time', 'kept of a row'],
      rows: points.map((point) =>
        plain(point.title, share(point.ap), seconds(point.seconds), bytes(point.bytesPerRow)),
      ),
    },
  };
}
