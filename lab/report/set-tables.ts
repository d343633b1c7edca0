/** Tables of one set: its models, methods, verdicts, planted spans, layers, and the trainings without some rows. */
import type { LayerFigures, RetrainingResult, SeedResult, SetResult } from '../results.ts';
import { NOTHING } from '../retrain/choices.ts';
import { cell, plain, type Table } from './document.ts';
import { interval, percent, seconds, share, significant } from './format.ts';
import { ratioOf } from './mean-layers.ts';
import { mean, meanOrNull, type Summary } from './summary.ts';

export function seedTable(set: SetResult): Table {
  return {
    caption: 'Models: training, and how often the behaviour is shown',
    head: [
      'seed',
      'steps',
      'loss, first to last',
      'training',
      'asked for it',
      'clean questions',
      'base model',
      'traced',
    ],
    rows: set.seeds.map(({ seed, training, rate, outputs }) =>
      plain(
        String(seed),
        training.steps === 0 ? 'trained elsewhere' : String(training.steps),
        `${share(training.firstLoss)} to ${share(training.finalLoss)}`,
        training.steps === 0 ? '' : seconds(training.seconds),
        percent(rate.calling),
        percent(rate.clean),
        percent(rate.base),
        String(outputs),
      ),
    ),
  };
}

/** @param summaries best first @param best methods to be set in bold */
export function methodTable(summaries: readonly Summary[], best: ReadonlySet<string>): Table {
  const ks = [...new Set(summaries.flatMap(({ precision }) => Object.keys(precision)))];
  return {
    caption: 'Methods',
    head: ['method', 'AP', 'worst output', ...ks.map((k) => `P@${k}`), 'auPRC@10', 'AUROC'],
    rows: summaries.map(({ method, title, ap, worst, precision, auprc10, auroc }) => [
      cell(title),
      cell(interval(ap), best.has(method)),
      ...plain(
        share(worst),
        ...ks.map((k) => share(Object.hasOwn(precision, k) ? precision[k] : null)),
        share(auprc10),
        share(auroc),
      ),
    ]),
  };
}

/** AP of each method for each seed; undefined where there are fewer than two. */
export function seedApTable(seeds: readonly SeedResult[], summaries: readonly Summary[]): Table | undefined {
  if (seeds.length < 2) return undefined;
  return {
    caption: 'Average precision by seed',
    head: ['method', ...seeds.map(({ seed }) => `seed ${seed}`)],
    rows: summaries.map(({ method, title }) =>
      plain(
        title,
        ...seeds.map(({ methods }) => share(methods.find((each) => each.method === method)?.figures.ap.mean)),
      ),
    ),
  };
}

export function verdictTable(seeds: readonly SeedResult[]): Table | undefined {
  const groups = [
    ['outputs that show it', seeds.map(({ verdicts }) => verdicts.showing)],
    ['clean outputs', seeds.map(({ verdicts }) => verdicts.clean)],
  ] as const;
  const rows = groups.flatMap(([title, of]) => {
    const known = of.flatMap((shares) => (shares === null ? [] : [shares]));
    return known.length === 0 ? [] : [{ title, known }];
  });
  if (rows.length === 0) return undefined;
  const states = [...new Set(rows.flatMap(({ known }) => known.flatMap((shares) => Object.keys(shares))))];
  return {
    caption: 'Verdicts',
    head: ['', ...states.map((state) => state.toLowerCase().replaceAll('_', ' '))],
    rows: rows.map(({ title, known }) =>
      plain(
        title,
        ...states.map((state) =>
          percent(mean(known.map((of) => (Object.hasOwn(of, state) ? of[state] : 0)))),
        ),
      ),
    ),
  };
}

export function spanTable(seeds: readonly SeedResult[]): Table | undefined {
  const rows = seeds.flatMap(({ seed, spans }) =>
    (['output', 'rows'] as const).flatMap((of) => {
      const figure = spans[of];
      if (figure === null) return [];
      const what = of === 'output' ? "the output's taught tokens" : "the best rows' tokens";
      return [plain(what, String(seed), interval(figure), share(figure.worst))];
    }),
  );
  if (rows.length === 0) return undefined;
  return {
    caption: 'Planted span: average precision of its tokens',
    head: ['of', 'seed', 'AP', 'worst output'],
    rows,
  };
}

export function layerTable(layers: readonly LayerFigures[], caption = 'Layers'): Table {
  return {
    caption,
    head: [
      'layer',
      'cosine with the one before',
      '‖h‖',
      '‖g‖',
      '‖h‖ / ‖g‖',
      'AP of h',
      'AP of g',
      'AP of both',
    ],
    rows: layers.map((layer) => {
      const { adjacentCosine, hiddenNorm, gradientNorm, ap } = layer;
      return plain(
        String(layer.layer),
        share(adjacentCosine, 4),
        significant(hiddenNorm),
        significant(gradientNorm),
        significant(ratioOf(layer)),
        share(ap?.hidden),
        share(ap?.gradient),
        share(ap?.both),
      );
    }),
  };
}

/** Means over the seeds of trainings that had as many rows taken away by the same. */
export function retrainingTable(seeds: readonly SeedResult[]): Table | undefined {
  const groups = new Map<string, RetrainingResult[]>();
  for (const result of seeds.flatMap(({ retraining }) => retraining)) {
    const key = `${result.removed} ${result.removedBy}`;
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  if (groups.size === 0) return undefined;
  const over = (of: readonly RetrainingResult[], value: 'poison' | 'rate' | 'cleanLoss'): number =>
    mean(of.map((each) => each[value]));
  const whole = [...groups.values()].find(([{ removedBy }]) => removedBy === NOTHING);
  const wholeRate =
    whole === undefined ? meanOrNull(seeds.map(({ rate }) => rate.calling)) : over(whole, 'rate');
  return {
    caption: 'Trained again without some rows',
    head: ['chosen by', 'removed', 'of them poison', 'behaviour', 'cut by', 'clean loss', 'change of it'],
    rows: [...groups.values()].map((of) => {
      const [{ removedBy, removed }] = of;
      const rate = over(of, 'rate');
      const loss = over(of, 'cleanLoss');
      const change = whole === undefined ? null : loss / over(whole, 'cleanLoss') - 1;
      return plain(
        removedBy,
        String(removed),
        significant(over(of, 'poison')),
        percent(rate),
        removedBy === NOTHING || wholeRate === null || wholeRate === 0 ? '' : percent(1 - rate / wholeRate),
        share(loss),
        removedBy === NOTHING || change === null || !Number.isFinite(change)
          ? ''
          : `${(100 * change).toFixed(1)} %`,
      );
    }),
  };
}
