/**
 * One chart as an <svg> element: drawn by echarts on the server, then rid of what only its scripts would use. Sizes are drawn for
 * a phone's width and scaled up by the page, so that text is legible on both.
 */
import { LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, LegendPlainComponent, MarkLineComponent } from 'echarts/components';
import { init, use, type EChartsCoreOption } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { GRID, INK, PAPER, SOFT_INK } from './palette.ts';

use([GridComponent, LegendPlainComponent, LineChart, MarkLineComponent, SVGRenderer, ScatterChart]);

export const WIDTH = 400;
const FONT_SIZE = 11;
const LEGEND_ROW = 17;
const LEGEND_ICON = 9;
/** Widths of texts are estimates: of a room, a name may take this share by them. Some fonts are wider. */
export const FITS = 0.87;
/** Above the plot, for labels of marked lines; below it, for the axis and its title. */
const [TOP, BELOW] = [22, 46];
/** The last number of an axis stands half beyond its end. */
const [LEFT, RIGHT] = [52, 18];

export interface Legend {
  readonly entries: readonly string[];
  /** Names are cut to fit, so 2 for short ones. */
  readonly columns: 2 | 3;
  /** Width of a mark: of a line, longer than it is high. */
  readonly icon: number;
}

/** Of legends whose marks stand alone, and of those whose marks stand on a line. */
export const [POINT_ICON, LINE_ICON] = [11, 25] as const;

export interface Plot {
  /** Distinguishes it within a page: letters, digits, hyphens. */
  readonly id: string;
  /** What is seen, in words, for screen readers. */
  readonly label: string;
  readonly height: number;
  readonly legend?: Legend;
  readonly left?: number;
  /** Of echarts; legend, grid, colours and fonts are set here. */
  readonly option: EChartsCoreOption;
}

/** @returns an <svg> element with a label; the same text for the same plot */
export function drawn({ id, label, height, legend, left = LEFT, option }: Plot): string {
  const rows = legend === undefined ? 0 : Math.ceil(legend.entries.length / legend.columns);
  const full = height + rows * LEGEND_ROW + (rows === 0 ? 0 : 6);
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: full });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: 'transparent',
      textStyle: { fontFamily: 'sans-serif', fontSize: FONT_SIZE, color: INK.light },
      grid: { left, right: RIGHT, top: TOP, bottom: full - height + BELOW, containLabel: false },
      ...(legend === undefined ? {} : { legend: legendOptions(legend, height) }),
      ...option,
    });
    return cleaned(chart.renderToSVGString(), id, label);
  } finally {
    chart.dispose();
  }
}

/** A legend for each column, filled row by row: one alone would break its lines where names end. */
function legendOptions({ entries, columns, icon }: Legend, top: number): object[] {
  const column = (WIDTH - 16) / columns;
  return Array.from({ length: columns }, (_, i) => ({
    orient: 'vertical',
    align: 'left',
    left: 8 + i * column,
    top,
    data: entries.filter((_name, entry) => entry % columns === i),
    selectedMode: false,
    borderColor: GRID.light,
    padding: 0,
    itemGap: LEGEND_ROW - FONT_SIZE,
    itemWidth: icon,
    itemHeight: LEGEND_ICON,
    symbolKeepAspect: true,
    textStyle: {
      color: INK.light,
      fontSize: FONT_SIZE,
      lineHeight: FONT_SIZE,
      width: (column - icon - 10) * FITS,
      overflow: 'truncate',
      ellipsis: '…',
    },
  }));
}

export interface AxisOptions {
  readonly name: string;
  readonly type?: 'value' | 'log' | 'category';
  readonly min?: number;
  readonly max?: number;
  readonly gap?: number;
  readonly ticks?: (value: number) => string;
  readonly interval?: number;
  readonly minInterval?: number;
}

export function axis({ name, type = 'value', gap = 30, ticks, ...rest }: AxisOptions): object {
  return {
    ...rest,
    type,
    name,
    nameLocation: 'middle',
    nameGap: gap,
    nameTextStyle: { color: SOFT_INK.light, fontSize: FONT_SIZE },
    axisLine: { show: true, lineStyle: { color: SOFT_INK.light } },
    axisTick: { show: true, lineStyle: { color: SOFT_INK.light } },
    axisLabel: {
      color: SOFT_INK.light,
      fontSize: FONT_SIZE,
      hideOverlap: true,
      ...(ticks === undefined ? {} : { formatter: ticks }),
    },
    splitLine: { show: true, lineStyle: { color: GRID.light } },
  };
}

/** For labels on the plot: a rim in the page's colour keeps them legible over lines. */
export const RIM = {
  textBorderColor: PAPER.light,
  textBorderWidth: 3,
  color: INK.light,
  fontSize: FONT_SIZE,
};

/**
 * Attributes are matched with their quotes, which echarts escapes in texts, so that no name can pass for one. Its ids count up
 * over the process: they are named after the chart, or charts of one page could share them. Hollow marks are filled with the page's colour.
 */
function cleaned(svg: string, id: string, label: string): string {
  return svg
    .replace(/<style\s*>[^]*?<\/style>/g, '')
    .replace(
      / (?:class="zr\d+-cls-\d+"|ecmeta_\w+="[^"]*"|pointer-events="[a-z]+"|xml:space="preserve")/g,
      '',
    )
    .replaceAll(' fill="#fff"', ` fill="${PAPER.light}"`)
    .replace(/"zr\d+-(\w+)"/g, `"${id}-$1"`)
    .replace(/"url\(#zr\d+-(\w+)\)"/g, `"url(#${id}-$1)"`)
    .replace(/^<svg width="\d+" height="\d+"/, `<svg role="img" aria-label="${attribute(label)}"`)
    .replace(/ xmlns:xlink="[^"]*"| version="1.1"| baseProfile="full"/g, '')
    .trim();
}

function attribute(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('"', '&quot;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
