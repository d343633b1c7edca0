/** From results to a report: what is said, and what is drawn. Pure; the same for every writer. */
import type { Results } from '../results.ts';
import { costChart, type CostPoint } from './charts/cost.ts';
import { layerCharts } from './charts/layers.ts';
import { looksOf, type Look } from './charts/palette.ts';
import { precisionRecallChart } from './charts/precision-recall.ts';
import { standingChart } from './charts/standing.ts';
import type { Chart, Report, Section } from './document.ts';
import { seconds } from './format.ts';
import { ldsSections } from './lds.ts';
import { releasedSections } from './released.ts';
import { counted, namedSets, standingSections } from './standing.ts';
import { setSection, type ChartedSet } from './set-section.ts';
import { methodsOf, overallsOf } from './summary.ts';

export function reportOf(results: Results): Report {
  const { sets, made, adapter } = results;
  const looks = looksOf(methodsOf(sets));
  const named = namedSets(sets);
  const total = sets.reduce((sum, set) => sum + set.seconds, 0);
  return {
    title: 'reptrace lab: which rows taught it?',
    sentences: [`Made ${made} on ${adapter}: ${counted(sets.length, 'set')} in ${seconds(total)}.`],
    sections: [
      ...withCharts(standingSections(results, named), overallCharts(results, looks)),
      ...releasedSections(named),
      ...ldsSections(named),
      ...named.map((one, i) => setSection(one, (set) => chartsOf(`set${i + 1}`, set, looks))),
    ],
  };
}

function withCharts(sections: readonly Section[], charts: readonly Chart[]): Section[] {
  return sections.map((section, i) => (i === 0 ? { ...section, charts } : section));
}

function overallCharts({ sets }: Results, looks: ReadonlyMap<string, Look>): Chart[] {
  const overalls = overallsOf(sets);
  const points = overalls.map(({ ap, ...rest }): CostPoint => ({ ...rest, ap: ap.mean }));
  return present([
    standingChart('all-standing', overalls, looks),
    costChart('all-cost', 'over all sets', points, looks),
  ]);
}

function chartsOf(id: string, set: ChartedSet, looks: ReadonlyMap<string, Look>): Chart[] {
  const { name, summaries, layers, chosen } = set;
  const points = summaries.map(
    ({ method, title, ap, featureSeconds, scoreSeconds, bytesPerRow }): CostPoint => ({
      method,
      title,
      ap: ap.mean,
      seconds: featureSeconds + scoreSeconds,
      bytesPerRow,
    }),
  );
  return present([
    precisionRecallChart(`${id}-pr`, name, summaries, looks),
    costChart(`${id}-cost`, `on ${name}`, points, looks),
    ...(layers.length === 0 ? [] : layerCharts({ id, set: name, figures: layers, chosen })),
  ]);
}

function present(charts: readonly (Chart | undefined)[]): Chart[] {
  return charts.filter((chart): chart is Chart => chart !== undefined);
}
