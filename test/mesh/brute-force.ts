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
