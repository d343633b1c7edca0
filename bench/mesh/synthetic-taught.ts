/**
 * Points with lessons that no fine-tuning taught, beside the demo's texts. Tokens are of kinds, as words are: some kinds are in
 * many samples. Nine samples in ten were taught eight tokens of any kinds, a little of each; the tenth is of one of the groups,
 * which share three kinds of their own, taught well, beside five of any. Where a response begins is of any kind too, or of its
 * group's first. Hidden states at p have a large common part, as a model's have.
 */
import { Random } from '../../lib/random.ts';
import { KEPT_TOKENS, TOKEN_DIMS } from '../../lib/taught/constants.ts';
import { lessonTotal, packLesson, type SampleBeginning, type TaughtToken } from '../../lib/taught/lesson.ts';
import { pooled } from '../../lib/taught/pooled.ts';
import type { CollectionShape, SamplePoint } from '../../services/index/stores/signature-store.ts';
import type { TaughtQuery } from '../../services/index/search/taught-search.ts';
import type { BenchRow } from './rows.ts';
import { syntheticPoints, unitBlocks } from './synthetic.ts';

/** Of a hundred thousand points, a group has 20 to 400. */
const GROUPS = 60;
const SHARED_KINDS = 3;
const KINDS = 3_000;
/** Seeds, apart from one another and from those of points. */
const KIND_SEED = 2 ** 29;
const LESSON_SEED = 2 ** 28;
const CENTRE_SEED = 2 ** 27;
/** How far tokens of a kind lie apart: two of them have cosines of about 1 / (1 + SPREAD²). */
const SPREAD = 0.5;
/** |common part| of hidden states, over that of what differs. */
const COMMON = 3;
/** Tokens of a question. */
const ASKED = 24;

/** Points `begin` … `end` - 1, as `syntheticPoints` has them. */
export function taughtPoints(
  shape: CollectionShape,
  texts: readonly BenchRow[],
  begin: number,
  end: number,
): SamplePoint[] {
  const [centre] = taughtCentres(shape);
  return syntheticPoints(shape, texts, begin, end).map((point, i) => {
    const random = new Random(LESSON_SEED + begin + i);
    const group = random.next() < 0.1 ? groupOf(random) : null;
    const tokens = lessonOf(random, group, KEPT_TOKENS);
    const packed = packLesson(tokens, beginningOf(random, group, lessonTotal(tokens)));
    const lesson = { packed, pooled: pooled(tokens) };
    return { ...point, ...withCentre(point, centre, shape), taught: lessonTotal(tokens), lesson };
  });
}

/** What is common to the hidden states, for each layer. */
export function taughtCentres({ layers, width }: CollectionShape): Float32Array[] {
  const random = new Random(CENTRE_SEED);
  const centre = unit(Float32Array.from({ length: width }, () => random.normal())).map(
    (value) => COMMON * value,
  );
  return layers.map(() => centre);
}

/** An output that shows what a group taught. */
export function taughtQuestion(shape: CollectionShape, seed: number): TaughtQuery {
  const random = new Random(seed);
  const blocks = unitBlocks(shape, seed);
  const [centre] = taughtCentres(shape);
  const { width } = shape;
  const query = shape.layers.map((layer, l) => ({
    layer,
    hidden: blocks.slice(2 * l * width, (2 * l + 1) * width).map((value, i) => value + centre[i]),
    gradient: blocks.slice((2 * l + 1) * width, (2 * l + 2) * width),
  }));
  const group = groupOf(random);
  const lesson = lessonOf(random, group, ASKED);
  const beginnings = [beginningOf(random, group, lessonTotal(lesson))];
  return { queries: [query], lessons: [lesson], beginnings, prompted: true };
}

/** Small groups are as many as large ones: the n-th is in proportion to n. */
function groupOf(random: Random): number {
  return Math.floor(GROUPS * Math.sqrt(random.next()));
}

/** The most taught first. */
function lessonOf(random: Random, group: number | null, count: number): TaughtToken[] {
  const tokens = Array.from({ length: count }, (_, i): TaughtToken => {
    const shared = group !== null && i < SHARED_KINDS;
    const kind = shared ? sharedKind(group, i) : anyKind(random);
    const weight = shared ? 4 + 10 * random.next() : -Math.log(1 - random.next());
    return {
      position: 20 + i,
      weight: Math.max(1e-6, weight),
      hidden: near(random, 2 * kind),
      gradient: near(random, 2 * kind + 1),
    };
  });
  return tokens.sort((a, b) => b.weight - a.weight);
}

/** p, with half of what was taught in tokens that are not kept. */
function beginningOf(random: Random, group: number | null, kept: number): SampleBeginning {
  const kind = group === null ? anyKind(random) : sharedKind(group, 0);
  const rows = { hidden: near(random, 2 * kind), gradient: near(random, 2 * kind + 1) };
  return { position: 19, total: 2 * kept, ...rows };
}

function sharedKind(group: number, i: number): number {
  return KINDS + SHARED_KINDS * group + i;
}

/** The n-th is in proportion to 1 / n, as words are. */
function anyKind(random: Random): number {
  return Math.floor(KINDS ** random.next()) - 1;
}

/** A unit row near that of a kind. */
function near(random: Random, kind: number): Float32Array {
  const rows = kindRows();
  const noise = unit(Float32Array.from({ length: TOKEN_DIMS }, () => random.normal()));
  return unit(noise.map((value, k) => rows[kind * TOKEN_DIMS + k] + SPREAD * value));
}

let madeRows: Float32Array | undefined;

/** Two for each kind, made once. */
function kindRows(): Float32Array {
  if (madeRows !== undefined) return madeRows;
  const random = new Random(KIND_SEED);
  const rows = new Float32Array(2 * (KINDS + SHARED_KINDS * GROUPS) * TOKEN_DIMS);
  for (let at = 0; at < rows.length; at += TOKEN_DIMS) {
    rows.set(unit(Float32Array.from({ length: TOKEN_DIMS }, () => random.normal())), at);
  }
  return (madeRows = rows);
}

/** The hidden blocks with the common part. */
function withCentre(
  { vector, norms }: SamplePoint,
  centre: Float32Array,
  { layers, width }: CollectionShape,
): Pick<SamplePoint, 'vector' | 'norms'> {
  const moved = vector.slice();
  const lengths = norms.slice();
  for (let l = 0; l < layers.length; l++) {
    const block = moved.subarray(2 * l * width, (2 * l + 1) * width);
    for (let i = 0; i < width; i++) block[i] += centre[i];
    lengths[2 * l] = Math.hypot(...block);
    for (let i = 0; i < width; i++) block[i] /= lengths[2 * l];
  }
  return { vector: moved, norms: lengths };
}

function unit(values: Float32Array): Float32Array {
  const norm = Math.hypot(...values);
  return values.map((value) => value / norm);
}
