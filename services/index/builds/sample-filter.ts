/** Filters as clients give them, in the form that stores take. Pure. */
import type { SampleFilter as FilterInput } from '../schema.generated.ts';
import type { SampleFilter } from '../stores/signature-store.ts';

/** `label` is one more list of one label: both must hold. */
export function filterOf({ label, labels, withoutLabels, metadata, rows }: FilterInput): SampleFilter {
  const wanted = label == null ? labels : labels == null || labels.includes(label) ? [label] : [];
  return {
    ...(wanted == null ? {} : { labels: wanted }),
    ...(withoutLabels == null ? {} : { withoutLabels }),
    ...(metadata == null ? {} : { metadata }),
    ...(rows == null ? {} : { rows }),
  };
}

/**
 * Without the conditions that hold for everything: `all` when none is left, `none` when one can never hold. An empty list of
 * wanted values holds for nothing; stores need not know.
 */
export function clean(filter: SampleFilter): SampleFilter | 'all' | 'none' {
  const { labels, withoutLabels, metadata, rows } = filter;
  const empty = (list: readonly unknown[] | undefined): boolean => list?.length === 0;
  if (empty(labels) || empty(rows) || metadata?.some(({ values }) => empty(values)) === true) return 'none';
  const left = {
    ...(labels === undefined ? {} : { labels }),
    ...(withoutLabels === undefined || empty(withoutLabels) ? {} : { withoutLabels }),
    ...(metadata === undefined || empty(metadata) ? {} : { metadata }),
    ...(rows === undefined ? {} : { rows }),
  };
  return Object.keys(left).length === 0 ? 'all' : left;
}
