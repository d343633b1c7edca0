/** Three charts over the layers of a model: AP, the cosine of adjacent layers, and norms. */
import type { LayerFigures } from '../../results.ts';
import type { Chart } from '../document.ts';
import { plain } from '../document.ts';
import { share, significant } from '../format.ts';
import { HALVES, INK, SOFT_INK } from './palette.ts';
import { axis, drawn, LINE_ICON, RIM } from './plot.ts';

const HEIGHT = 250;
const LEAST_NORM = 1e-45;

export interface Layers {
  /** Begins the charts' ids. */
  readonly id: string;
  readonly set: string;
  readonly figures: readonly LayerFigures[];
  readonly chosen: readonly number[];
}

interface Line {
  readonly name: string;
  readonly look: {
    readonly colour: string;
    readonly symbol: string;
    readonly dash: 'solid' | readonly number[];
  };
  readonly of: (layer: LayerFigures) => number | null;
}

/** Those that have figures. */
export function layerCharts(layers: Layers): Chart[] {
  const charts = [apByLayer(layers), curve(layers), norms(layers)];
  return charts.filter((chart): chart is Chart => chart !== undefined);
}

function apByLayer(layers: Layers): Chart | undefined {
  return chartOf(layers, {
    id: 'ap',
    title: 'Average precision by layer',
    description: `Average precision by layer on ${layers.set}, of centred h, of g, and of both at equal weight.`,
    yAxis: { name: 'average precision', min: 0, max: 1, gap: 34 },
    tell: share,
    lines: [
      { name: 'centred h', look: HALVES.hidden, of: ({ ap }) => ap?.hidden ?? null },
      { name: 'g', look: HALVES.gradient, of: ({ ap }) => ap?.gradient ?? null },
      { name: 'both', look: HALVES.both, of: ({ ap }) => ap?.both ?? null },
    ],
  });
}

function curve(layers: Layers): Chart | undefined {
  return chartOf(layers, {
    id: 'curve',
    title: 'Layer curve',
    description: `Cosine of each layer's hidden state with that of the layer before, on ${layers.set}${layers.chosen.length === 0 ? '' : `; the rule chose layer ${layers.chosen.join(', ')}`}.`,
    yAxis: { name: 'cosine with the layer before', max: 1, gap: 38 },
    tell: (value) => share(value, 4),
    lines: [
      {
        name: 'cosine',
        look: { colour: INK.light, symbol: 'circle', dash: 'solid' },
        of: ({ adjacentCosine }) => adjacentCosine,
      },
    ],
  });
}

function norms(layers: Layers): Chart | undefined {
  // A logarithmic axis has no place for 0, nor for what float32 has no number for.
  const positive = (value: number): number | null => (value >= LEAST_NORM ? value : null);
  return chartOf(layers, {
    id: 'norms',
    title: 'Norms by layer',
    description: `Mean norms of h and g by layer on ${layers.set}, on a logarithmic scale.`,
    yAxis: { name: 'mean norm (log scale)', type: 'log', gap: 38, ticks: power },
    tell: significant,
    lines: [
      { name: '‖h‖', look: HALVES.hidden, of: ({ hiddenNorm }) => positive(hiddenNorm) },
      { name: '‖g‖', look: HALVES.gradient, of: ({ gradientNorm }) => positive(gradientNorm) },
    ],
  });
}

interface Wanted {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly yAxis: Parameters<typeof axis>[0];
  readonly tell: (value: number | null) => string;
  readonly lines: readonly Line[];
}

function chartOf({ id, figures, chosen }: Layers, wanted: Wanted): Chart | undefined {
  const { title, description, lines, tell } = wanted;
  const shown = figures.filter((figure) => lines.some(({ of }) => of(figure) !== null));
  if (shown.length === 0) return undefined;
  const many = lines.length > 1;
  const svg = drawn({
    id: `${id}-${wanted.id}`,
    label: description,
    height: HEIGHT,
    ...(many
      ? { legend: { entries: lines.map(({ name }) => name), columns: 3 as const, icon: LINE_ICON } }
      : {}),
    option: {
      xAxis: axis({
        name: 'layer',
        min: figures[0].layer,
        max: Math.max(figures[0].layer + 1, ...figures.map(({ layer }) => layer)),
        minInterval: 1,
      }),
      yAxis: { ...axis(wanted.yAxis), scale: true },
      series: lines.map(({ name, look, of }, i) => ({
        type: 'line',
        name,
        data: shown.map((figure) => [figure.layer, of(figure)]),
        symbol: look.symbol,
        symbolSize: 7,
        lineStyle: { color: look.colour, width: 2, type: look.dash },
        itemStyle: { color: look.colour },
        silent: true,
        ...(i === 0 && chosen.length > 0 ? { markLine: chosenLines(chosen) } : {}),
      })),
    },
  });
  const head = ['layer', ...lines.map(({ name }) => name)];
  const rows = shown.map((figure) => plain(String(figure.layer), ...lines.map(({ of }) => tell(of(figure)))));
  return { title, description, svg, table: { caption: title, head, rows } };
}

function chosenLines(chosen: readonly number[]): object {
  return {
    silent: true,
    symbol: 'none',
    lineStyle: { color: SOFT_INK.light, type: [4, 3], width: 1.2 },
    label: {
      ...RIM,
      position: 'end',
      formatter: ({ value }: { value: number }) => `layer ${value} chosen`,
    },
    data: chosen.map((layer) => ({ xAxis: layer })),
  };
}

/** 0.001, 1, 1,000 and powers beyond. */
function power(value: number): string {
  return value >= 1e-3 && value < 1e4 ? String(value) : value.toExponential(0).replace('e+', 'e');
}
