/** Features on disk: representations of rows and outputs, and gradients of checkpoints, as arrays in a folder (tensor-folder.ts). */
import { TOKEN_DIMS } from '../../lib/taught/constants.ts';
import type { ProjectedRows, SampleBeginning, TaughtToken } from '../../lib/taught/lesson.ts';
import type { CheckpointFeatures, Items, LayerFeatures, Vectors } from './features.ts';
import type { Representations } from './representations.ts';
import { readArrays, writeArrays, type ArrayFolder, type NamedArray } from './tensor-folder.ts';

type SignedItems = Representations['rows'];

const SIDES = ['rows', 'outputs'] as const;
type Side = (typeof SIDES)[number];

interface ItemsMeta extends Pick<Items, 'prompts' | 'responses'> {
  /** Response tokens of each, and kept tokens of each lesson. */
  readonly ratios: readonly number[];
  readonly lessons: readonly number[];
}

interface RepresentationsMeta extends Pick<
  Representations,
  'layer' | 'lastLayer' | 'curve' | 'losses' | 'seconds'
> {
  readonly items: Readonly<Record<Side, ItemsMeta>>;
}

export async function writeRepresentations(folder: string, found: Representations): Promise<void> {
  const { layer, lastLayer, curve, losses, seconds, rows, outputs, centres } = found;
  const items = { rows: metaOf(rows), outputs: metaOf(outputs) };
  const meta: RepresentationsMeta = { layer, lastLayer, curve, losses, seconds, items };
  const arrays = [...centres].map(([at, values]) => ({
    name: `centre ${at}`,
    shape: [values.length],
    values,
  }));
  await writeArrays(folder, meta, [...arrays, ...arraysOf('rows', rows), ...arraysOf('outputs', outputs)]);
}

/** Throws CHECKPOINT_INVALID. */
export async function readRepresentations(folder: string): Promise<Representations> {
  const read = await readArrays<RepresentationsMeta>(folder);
  const { items, ...meta } = read.meta;
  const layers = Array.from({ length: meta.lastLayer + 1 }, (_, layer) => layer);
  return {
    ...meta,
    centres: new Map(layers.map((layer) => [layer, read.array(`centre ${layer}`).values])),
    rows: itemsIn(read, 'rows', items.rows, layers),
    outputs: itemsIn(read, 'outputs', items.outputs, layers),
  };
}

type CheckpointMeta = readonly Pick<CheckpointFeatures, 'step' | 'learningRate' | 'parts' | 'modules'>[];

export interface Gradients {
  readonly rows: readonly CheckpointFeatures[];
  readonly outputs: readonly CheckpointFeatures[];
}

export async function writeGradients(folder: string, gradients: Gradients, seconds: number): Promise<void> {
  const checkpoints: CheckpointMeta = gradients.rows.map(({ step, learningRate, parts, modules }) => ({
    ...{ step, learningRate, parts, modules },
  }));
  const arrays = SIDES.flatMap((side) =>
    gradients[side].flatMap(({ gradient, adam }, at) => [
      arrayOf(`${side} ${at} gradient`, gradient),
      arrayOf(`${side} ${at} adam`, adam),
    ]),
  );
  await writeArrays(folder, { checkpoints, seconds }, arrays);
}

/** Throws CHECKPOINT_INVALID. */
export async function readGradients(folder: string): Promise<Gradients & { readonly seconds: number }> {
  const read = await readArrays<{ readonly checkpoints: CheckpointMeta; readonly seconds: number }>(folder);
  const of = (side: Side): CheckpointFeatures[] =>
    read.meta.checkpoints.map((checkpoint, at) => ({
      ...checkpoint,
      gradient: vectorsIn(read, `${side} ${at} gradient`),
      adam: vectorsIn(read, `${side} ${at} adam`),
    }));
  return { rows: of('rows'), outputs: of('outputs'), seconds: read.meta.seconds };
}

function metaOf({ prompts, responses, ratios, lessons }: SignedItems): ItemsMeta {
  const lengths = (lists: readonly { readonly length: number }[]) => lists.map(({ length }) => length);
  return { prompts, responses, ratios: lengths(ratios), lessons: lengths(lessons) };
}

function arraysOf(side: Side, items: SignedItems): NamedArray[] {
  const { layers, meanHidden, ratios, lessons, beginnings } = items;
  const tokens = lessons.flat();
  const flat = (name: string, values: Float32Array): NamedArray => ({
    name: `${side} ${name}`,
    shape: [values.length],
    values,
  });
  return [
    ...[...layers].flatMap(([layer, { hidden, gradient }]) => [
      arrayOf(`${side} hidden ${layer}`, hidden),
      arrayOf(`${side} gradient ${layer}`, gradient),
    ]),
    arrayOf(`${side} mean`, meanHidden),
    flat('ratios', joined(ratios)),
    // Positions are below 2^24, which float32 has exactly.
    flat(
      'positions',
      Float32Array.from(tokens, ({ position }) => position),
    ),
    flat(
      'weights',
      Float32Array.from(tokens, ({ weight }) => weight),
    ),
    flat('token hidden', joined(tokens.map(({ hidden }) => hidden))),
    flat('token gradient', joined(tokens.map(({ gradient }) => gradient))),
    flat(
      'beginning positions',
      Float32Array.from(beginnings, ({ position }) => position),
    ),
    flat(
      'beginning totals',
      Float32Array.from(beginnings, ({ total }) => total),
    ),
    flat('beginning hidden', joined(beginnings.map(({ hidden }) => hidden))),
    flat('beginning gradient', joined(beginnings.map(({ gradient }) => gradient))),
  ];
}

function itemsIn(
  read: ArrayFolder<unknown>,
  side: Side,
  { prompts, responses, ratios, lessons }: ItemsMeta,
  layers: readonly number[],
): SignedItems {
  const values = (name: string): Float32Array => read.array(`${side} ${name}`).values;
  const rowsOf = (what: string): ((i: number) => ProjectedRows) => {
    const [hidden, gradient] = [values(`${what} hidden`), values(`${what} gradient`)];
    const rowOf = (rows: Float32Array, i: number) => rows.slice(i * TOKEN_DIMS, (i + 1) * TOKEN_DIMS);
    return (i) => ({ hidden: rowOf(hidden, i), gradient: rowOf(gradient, i) });
  };
  const [weights, totals] = [values('weights'), values('beginning totals')];
  const [tokenRows, beginningRows] = [rowsOf('token'), rowsOf('beginning')];
  const tokens = Array.from(values('positions'), (position, i): TaughtToken => ({
    ...{ position, weight: weights[i], ...tokenRows(i) },
  }));
  const beginnings = Array.from(values('beginning positions'), (position, i): SampleBeginning => ({
    ...{ position, total: totals[i], ...beginningRows(i) },
  }));
  const layerOf = (layer: number): LayerFeatures => ({
    hidden: vectorsIn(read, `${side} hidden ${layer}`),
    gradient: vectorsIn(read, `${side} gradient ${layer}`),
  });
  return {
    ...{ count: prompts.length, prompts, responses },
    layers: new Map(layers.map((layer) => [layer, layerOf(layer)])),
    meanHidden: vectorsIn(read, `${side} mean`),
    ratios: cut(values('ratios'), ratios, (all, from, to) => all.slice(from, to)),
    lessons: cut(tokens, lessons, (all, from, to) => all.slice(from, to)),
    beginnings,
  };
}

function arrayOf(name: string, { dims, values }: Vectors): NamedArray {
  return { name, shape: [values.length / dims, dims], values };
}

function vectorsIn(read: ArrayFolder<unknown>, name: string): Vectors {
  const { shape, values } = read.array(name);
  return { dims: shape[1] ?? 0, values };
}

/** Consecutive parts of these lengths. */
function cut<T, Part>(
  all: T,
  lengths: readonly number[],
  part: (all: T, from: number, to: number) => Part,
): Part[] {
  let at = 0;
  return lengths.map((length) => part(all, at, (at += length)));
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
