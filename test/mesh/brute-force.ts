/** What a trace must say, in float64 from the lines of `reptrace signature --token-gradients`. */

interface LayerLine {
  readonly hidden: readonly number[];
  readonly gradient: readonly number[];
}

export interface SignatureLine {
  readonly name: string;
  readonly inputIds: readonly number[];
  readonly promptLength: number;
  readonly layers: Readonly<Record<string, LayerLine>>;
  readonly tokenGradients?: Readonly<Record<string, readonly (readonly number[])[]>>;
}

export interface Scored {
  readonly row: number;
  readonly score: number;
  readonly hiddenScore: number;
  readonly gradientScore: number;
}

/** All rows, best first; scores are means over the layers. */
export function bruteForce(
  query: SignatureLine,
  rows: readonly SignatureLine[],
  layers: readonly number[],
  alpha: number,
): Scored[] {
  const scored = rows.map((line, row) => {
    const mean = (part: keyof LayerLine): number =>
      layers.reduce((sum, l) => sum + cosine(partOf(query, l)[part], partOf(line, l)[part]), 0) /
      layers.length;
    const [hiddenScore, gradientScore] = [mean('hidden'), mean('gradient')];
    return { row, hiddenScore, gradientScore, score: alpha * hiddenScore + (1 - alpha) * gradientScore };
  });
  return scored.sort((a, b) => b.score - a.score || a.row - b.row);
}

/** Of all rows, by the released formula: cosines of hidden state and gradient concatenated, means over the layers. */
export function rawScores(
  query: SignatureLine,
  rows: readonly SignatureLine[],
  layers: readonly number[],
): number[] {
  const whole = (line: SignatureLine, l: number): readonly number[] => {
    const { hidden, gradient } = partOf(line, l);
    return [...hidden, ...gradient];
  };
  return rows.map(
    (line) => layers.reduce((sum, l) => sum + cosine(whole(query, l), whole(line, l)), 0) / layers.length,
  );
}

/** By the released code's formula: the cosine of h and g, concatenated as they are. */
export function bruteForceRaw(
  queries: readonly Layers[],
  samples: readonly Layers[],
): { readonly row: number; readonly score: number }[] {
  const scored = samples.map((sample, row) => {
    const cosines = queries.flatMap((query) =>
      query.map(({ hidden, gradient }, l) =>
        cosine([...hidden, ...gradient], [...sample[l].hidden, ...sample[l].gradient]),
      ),
    );
    return { row, score: meanOf(cosines) };
  });
  return scored.sort((a, b) => b.score - a.score || a.row - b.row);
}

/** Vectors of each layer, in order. */
type Layers = readonly { readonly hidden: Numbers; readonly gradient: Numbers }[];
type Numbers = ArrayLike<number> & Iterable<number>;

export interface TaughtText {
  readonly layers: Layers;
  readonly lesson: readonly {
    readonly weight: number;
    readonly hidden: Numbers;
    readonly gradient: Numbers;
  }[];
  /** At p, in indexes of METHOD 'taught 2'. */
  readonly beginning?: {
    readonly total?: number;
    readonly hidden: Numbers;
    readonly gradient: Numbers;
  } | null;
}

type Lesson = TaughtText['lesson'];

/**
 * By taught tokens, the formula word for word; 256 rows, spread evenly, say how unusual a lesson is. Those of the same score by both
 * cosines, then by row.
 * @param centres of each layer
 * @param score 2, of indexes of METHOD 'taught 1', or 3
 */
export function bruteForceTaught(
  queries: readonly TaughtText[],
  samples: readonly TaughtText[],
  centres: readonly Numbers[],
  prompted: boolean,
  score: 2 | 3 = 3,
): Scored[] {
  const moved = (values: Numbers, centre: Numbers): number[] =>
    Array.from(values, (value, i) => value - centre[i]);
  const weighed = queries.map(({ lesson }) => weighByRarity(lesson, samples));
  const whole =
    score === 2
      ? []
      : queries.map((query) => scoreThree(prompted ? query : { ...query, beginning: null }, samples));
  const scored = samples.map((sample, row) => {
    const perLayer = queries.flatMap(({ layers }) =>
      layers.map(({ hidden, gradient }, l) => [
        cosine(moved(hidden, centres[l]), moved(sample.layers[l].hidden, centres[l])),
        cosine([...gradient], [...sample.layers[l].gradient]),
      ]),
    );
    const hiddenScore = prompted ? meanOf(perLayer.map(([h]) => h)) : 0;
    const gradientScore = meanOf(perLayer.map(([, g]) => g));
    const s = meanOf(weighed.map((lesson) => lessonSum(lesson, sample.lesson)));
    const factor = 2 + Math.max(0, hiddenScore) + Math.max(0, gradientScore);
    const found = score === 2 ? s * factor : meanOf(whole.map((scoreOf) => scoreOf(sample)));
    return { row, hiddenScore, gradientScore, score: found };
  });
  const place = (one: Scored): number => one.hiddenScore + one.gradientScore;
  return scored.sort((a, b) => b.score - a.score || place(b) - place(a) || a.row - b.row);
}

/** u = [w_i / Σw r_i ; β r_p] over its sum, times what the sample taught of each, and the likeness at p. */
function scoreThree(query: TaughtText, samples: readonly TaughtText[]): (sample: TaughtText) => number {
  const n = Math.min(256, samples.length);
  const asked = Array.from({ length: n }, (_, i) => samples[Math.floor((i * samples.length) / n)]);
  const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
  const kept = sumOf(asked.flatMap(({ lesson }) => lesson.map(({ weight }) => weight)));
  const all = sumOf(asked.map(({ beginning }) => beginning?.total ?? 0));
  const atBeginning = (one: TaughtText): number =>
    query.beginning && one.beginning ? likenessOf(query.beginning, one.beginning) : 0;
  const rarity = (values: readonly number[]): number => Math.log((n + 1) / (1 + sumOf(values)));
  const total = sumOf(query.lesson.map(({ weight }) => weight));
  const u = query.lesson.map(
    (token) => (token.weight / total) * rarity(asked.map(({ lesson }) => largest(token, lesson))),
  );
  const beta = query.beginning ? 0.1 / Math.sqrt(kept / all) : 0;
  const first = beta === 0 ? 0 : beta * rarity(asked.map(atBeginning));
  return (sample) => {
    const met = query.lesson.map((token, i) => u[i] * largest(token, sample.lesson));
    return (sumOf(met) + first * atBeginning(sample)) / (sumOf(u) + first);
  };
}

function likenessOf(a: Rows, b: Rows): number {
  const positive = (one: Numbers, other: Numbers): number => Math.max(0, dot([...one], [...other]));
  return positive(a.hidden, b.hidden) ** 2 * (0.3 + 0.7 * positive(a.gradient, b.gradient));
}

interface Rows {
  readonly hidden: Numbers;
  readonly gradient: Numbers;
}

function lessonSum(query: Lesson, sample: Lesson): number {
  const total = query.reduce((sum, { weight }) => sum + weight, 0);
  return query.reduce((sum, i) => sum + (i.weight / total) * largest(i, sample), 0);
}

/** w · log((n + 1) / (1 + Σ over n samples of what they taught of the token)). */
function weighByRarity(lesson: Lesson, samples: readonly TaughtText[]): Lesson {
  return lesson.map((token) => {
    const n = Math.min(256, samples.length);
    let taught = 0;
    for (let i = 0; i < n; i++) {
      taught += largest(token, samples[Math.floor((i * samples.length) / n)].lesson);
    }
    return { ...token, weight: token.weight * Math.log((n + 1) / (1 + taught)) };
  });
}

function largest(i: Lesson[number], sample: Lesson): number {
  const met = sample.map((j) => (Math.min(j.weight, 10) / 10) * likenessOf(i, j));
  return Math.max(0, ...met);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Scores of all tokens of `line` against `others`' predicting rows (design: "Token level"). */
export function tokenScores(line: SignatureLine, others: readonly SignatureLine[], layer: number): number[] {
  const rows = unitRows(line, layer);
  const sum = new Array<number>(rows[0]?.length ?? 0).fill(0);
  for (const other of others) {
    const units = unitRows(other, layer);
    for (let i = other.promptLength - 1; i < other.inputIds.length - 1; i++) {
      units[i].forEach((value, k) => (sum[k] += value / others.length));
    }
  }
  const p = line.promptLength - 1;
  return rows.map((_, t) => {
    if (t === p) return 0;
    return dot(sum, t < p ? rows[t] : rows[t - 1]);
  });
}

function partOf(line: SignatureLine, layer: number): LayerLine {
  const part = line.layers[String(layer)];
  if (part === undefined) throw new Error(`${line.name} has no layer ${layer}`);
  return part;
}

function unitRows(line: SignatureLine, layer: number): number[][] {
  return (line.tokenGradients?.[String(layer)] ?? []).map((row) => {
    const norm = Math.sqrt(dot(row, row));
    return row.map((value) => (norm === 0 ? 0 : value / norm));
  });
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const norms = Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b));
  return norms === 0 ? 0 : dot(a, b) / norms;
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}
