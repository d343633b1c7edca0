/** What resolvers of the index service are given as their parents. */
import type { IndexPlan } from '../builds/plan-index.ts';
import type { IndexRecord } from '../runs/index-record.ts';
import type { SampleText } from '../stores/signature-store.ts';

export type IndexParent = IndexRecord;
export type PlanParent = IndexPlan;

export interface ProgressParent {
  readonly record: IndexRecord;
}

export interface SampleParent {
  readonly index: string;
  readonly sample: SampleText;
}
