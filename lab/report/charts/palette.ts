/**
 * Colours and marks. A method looks the same in every chart: its family (methods/method-list.ts) gives the colour, its place in the
 * family the mark and the dashes, so that no two are told apart by colour alone. Hues are after Okabe and Ito (2008), which people
 * of all kinds of colour vision tell apart; in the dark they are lightened by the page (style.ts), which finds them by their very
 * values.
 */
import { familyOf, type Family } from '../../methods/method-list.ts';

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
const PURPLE: Tone = { light: '#a3458a', dark: '#e08fc9' };
const OCHRE: Tone = { light: '#8a6d00', dark: '#d9b93b' };
const GREY: Tone = { light: '#8a929a', dark: '#8b949d' };

const FAMILIES: Readonly<Record<Family, Tone>> = {
  likelihood: VERMILION,
  representations: BLUE,
  gradients: GREEN,
  words: PURPLE,
  embeddings: OCHRE,
  chance: GREY,
};
/** In the order in which methods of no known family, and those beyond a family's marks, take what is left of them. */
const OTHERS: readonly Tone[] = [GREY, OCHRE, PURPLE, GREEN, BLUE, VERMILION];

/** All, for the page's rules. */
export const TONES: readonly Tone[] = [INK, SOFT_INK, GRID, PAPER, ...OTHERS];

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
/** Fit for lines and for points, which have no dashes. */
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

/** The product's own method is read first, so it is drawn widest and on top. */
const OURS = 'taught';
const OURS_LOOK: Look = {
  ...{ colour: VERMILION.light, symbol: 'circle', dash: 'solid' },
  ...{ width: 3.2, symbolSize: 9, depth: 3 },
};

/**
 * No two have the same colour and mark, so long as there are any: sixty methods. Beyond, their dashes tell them apart.
 * @param methods names of all methods of the report, in one order everywhere
 */
export function looksOf(methods: readonly string[]): ReadonlyMap<string, Look> {
  const looks = new Map<string, Look>();
  const places = new Map<Tone, number>();
  const take = (method: string, tone: Tone): void => {
    const place = places.get(tone) ?? 0;
    places.set(tone, place + 1);
    looks.set(method, lookOf(tone, place));
  };
  const hasMarks = (tone: Tone): boolean => (places.get(tone) ?? 0) < SYMBOLS.length;
  // Those of a family first: others take what is left.
  for (const method of methods) {
    const family = familyOf(method);
    if (method === OURS) looks.set(method, OURS_LOOK);
    else if (family !== undefined && hasMarks(FAMILIES[family])) take(method, FAMILIES[family]);
  }
  for (const method of methods) {
    if (!looks.has(method)) take(method, OTHERS.find(hasMarks) ?? leastUsed(places));
  }
  return looks;
}

function lookOf(tone: Tone, place: number): Look {
  const round = Math.floor(place / SYMBOLS.length);
  const isChance = tone === GREY;
  return {
    colour: tone.light,
    symbol: SYMBOLS[place % SYMBOLS.length],
    // The same mark has other dashes each time it comes round.
    dash: round < DASHES.length ? DASHES[(place + round) % DASHES.length] : [3 + round, 3],
    width: isChance ? 1.2 : 1.6,
    symbolSize: isChance ? 6 : 7,
    depth: isChance ? 1 : 2,
  };
}

function leastUsed(places: ReadonlyMap<Tone, number>): Tone {
  return [...places].reduce((a, b) => (b[1] < a[1] ? b : a))[0];
}

/** Of a layer's two halves and of both, wherever layers are drawn. */
export const HALVES = {
  hidden: { colour: BLUE.light, symbol: 'rect', dash: 'solid' },
  gradient: { colour: GREEN.light, symbol: 'triangle', dash: [6, 3] },
  both: { colour: VERMILION.light, symbol: 'circle', dash: [2, 2] },
} as const;
