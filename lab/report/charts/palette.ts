/**
 * Colours and marks. A method looks the same in every chart: its family gives the colour, its place in the family the mark and
 * the dashes, so that no two are told apart by colour alone. Hues are Okabe and Ito's (2008), which people of all kinds of colour
 * vision tell apart; in the dark they are lightened by the page (style.ts), which finds them by their very values.
 */

/** A colour on white, and on the dark page. */
export interface Tone {
  readonly light: string;
  readonly dark: string;
}

export const INK: Tone = { light: '#1c2126', dark: '#e6e9ec' };
export const SOFT_INK: Tone = { light: '#4d565f', dark: '#aab3bc' };
export const GRID: Tone = { light: '#dfe3e7', dark: '#343b42' };
export const PAPER: Tone = { light: '#fffffe', dark: '#15181c' };

const VERMILION: Tone = { light: '#c44e00', dark: '#ff8b45' };
const BLUE: Tone = { light: '#0072b2', dark: '#58b4ee' };
const GREEN: Tone = { light: '#00805e', dark: '#2fc79c' };
const GREY: Tone = { light: '#8a929a', dark: '#8b949d' };

/** All, for the page's rules. */
export const TONES: readonly Tone[] = [INK, SOFT_INK, GRID, PAPER, VERMILION, BLUE, GREEN, GREY];

export interface Look {
  readonly colour: string;
  /** Of echarts: a named symbol or a path. */
  readonly symbol: string;
  readonly dash: readonly number[] | 'solid';
  readonly width: number;
  readonly symbolSize: number;
  /** Later ones are drawn above. */
  readonly depth: number;
}

const PLUS = 'path://M-1,-4 L1,-4 L1,-1 L4,-1 L4,1 L1,1 L1,4 L-1,4 L-1,1 L-4,1 L-4,-1 L-1,-1 Z';
const CROSS = 'path://M-4,-3 L-3,-4 L0,-1 L3,-4 L4,-3 L1,0 L4,3 L3,4 L0,1 L-3,4 L-4,3 L-1,0 Z';
const SYMBOLS = [
  'rect',
  'triangle',
  'diamond',
  PLUS,
  CROSS,
  'emptyCircle',
  'emptyRect',
  'emptyTriangle',
  'emptyDiamond',
  'arrow',
];
const DASHES: readonly Look['dash'][] = ['solid', [6, 3], [2, 2], [8, 3, 2, 3]];

const OURS = 'taught';
const REPRESENTATIONS = /^(taught|rept|hidden|gradient$|ratio$|embedding|sentence)/;
const PARAMETER_GRADIENTS = /^(tracin|less|datainf|lissa|influence|rapidin|logra|ekfac|ek-fac)/;

/** @param methods names of all methods of the report, in one order everywhere */
export function looksOf(methods: readonly string[]): ReadonlyMap<string, Look> {
  const places = new Map<string, number>();
  return new Map(
    methods.map((method) => {
      if (method === OURS) return [method, ours()];
      const tone = toneOf(method);
      const place = places.get(tone.light) ?? 0;
      places.set(tone.light, place + 1);
      const look: Look = {
        colour: tone.light,
        symbol: SYMBOLS[place % SYMBOLS.length],
        dash: DASHES[(place + Math.floor(place / SYMBOLS.length)) % DASHES.length],
        width: tone === GREY ? 1.2 : 1.6,
        symbolSize: tone === GREY ? 6 : 7,
        depth: tone === GREY ? 1 : 2,
      };
      return [method, look];
    }),
  );
}

/** What is read first is drawn widest and on top. */
function ours(): Look {
  return { colour: VERMILION.light, symbol: 'circle', dash: 'solid', width: 3.2, symbolSize: 9, depth: 3 };
}

function toneOf(method: string): Tone {
  if (REPRESENTATIONS.test(method)) return BLUE;
  return PARAMETER_GRADIENTS.test(method) ? GREEN : GREY;
}

/** Of a layer's two halves and of both, wherever layers are drawn. */
export const HALVES = {
  hidden: { colour: BLUE.light, symbol: 'rect', dash: 'solid' },
  gradient: { colour: GREEN.light, symbol: 'triangle', dash: [6, 3] },
  both: { colour: VERMILION.light, symbol: 'circle', dash: [2, 2] },
} as const;
