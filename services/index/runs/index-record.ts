/** What is kept of an index, apart from its signatures. Plain data. */
import { createHash } from 'node:crypto';
import type { ErrorCode } from '../../../lib/errors.ts';
import type { LayerDecision, ModelDescription } from '../../../lib/mesh/compute-messages.ts';
import type { Manifest, TaughtManifest } from '../../../lib/mesh/index-messages.ts';
import { METHOD, scoreOf, type Score } from '../../../lib/taught/constants.ts';
import type { ColumnChoice, ResolvedColumns } from '../datasets/columns.ts';
import type { DatasetExtent } from '../datasets/scan.ts';
import type { CollectionShape } from '../stores/signature-store.ts';
import type { Lease } from './lease.ts';
import type { Life } from './life.ts';

/** What was asked for, with the defaults filled in. */
export interface BuildRequest {
  readonly name: string;
  readonly model: string;
  readonly adapter: string | null;
  /** As named; null: none was named. */
  readonly base: string | null;
  /** No base model, whatever would be the default. */
  readonly withoutBase: boolean;
  readonly dataset: string;
  readonly layers: 'auto' | readonly number[];
  readonly maxTokens: number | null;
  readonly onBadRow: 'SKIP' | 'STOP';
  readonly columns: ColumnChoice;
}

export interface BuildPlan {
  /** Samples of the dataset, bad rows too. */
  readonly total: number;
  readonly kept: number;
  readonly toSign: number;
  /** In words. */
  readonly summary: string;
}

export interface Progress {
  /** Rows stored. */
  readonly done: number;
  /** Rows of the dataset that the user has not erased. */
  readonly total: number;
  readonly failed: number;
  readonly samplesPerSecond: number | null;
  readonly etaSeconds: number | null;
}

/** The dataset as it was scanned for the last build. */
export interface ScannedDataset extends DatasetExtent {
  /** Real path. */
  readonly path: string;
  /** Samples, bad rows too. */
  readonly rows: number;
  readonly columns: ResolvedColumns;
  readonly badRows: number;
}

/** What the taught tokens of an index are made with, beside its base model; fixed before its first sample. */
export type TaughtRecord = Omit<TaughtManifest, 'base'>;

export interface IndexRecord {
  /** UUIDv4 */
  readonly id: string;
  readonly name: string;
  /** ISO 8601 */
  readonly createdAt: string;
  readonly request: BuildRequest;
  readonly life: Life;
  readonly model: ModelDescription;
  /** The model before the fine-tuning; null: the index has none. */
  readonly base: ModelDescription | null;
  /** null until the run has had them decided. */
  readonly layers: LayerDecision | null;
  /** null without a base model, and until the run has had it found out. The hidden centres are a document of their own. */
  readonly taught: TaughtRecord | null;
  readonly dataset: ScannedDataset;
  /** Digest of the dataset when the index was made: appending keeps every row, so points' ids can go by it for good. */
  readonly firstDigest: string;
  /** The dataset changed while it was indexed, so that some of the signatures may be of rows that are not in it. */
  readonly spoiled: boolean;
  readonly plan: BuildPlan;
  readonly progress: Progress;
  /** Grows with every change; also greater than the cursors of an earlier index of the name. */
  readonly cursor: number;
  /** Grows with every run, so that its tasks are told from those of earlier ones. */
  readonly attempt: number;
  /** How often samples were added or erased. */
  readonly generation: number;
  /** Held while samples are being erased. */
  readonly erasing: Lease | null;
  /** Measured share of the true top 10 that an approximate search finds; null where searches are exact. */
  readonly recall: number | null;
  /**
   * Measured share of the true top 50 by taught tokens that a search in two stages finds; null where every sample is compared,
   * where nothing was taught, and in indexes too large to measure it.
   */
  readonly taughtRecall: number | null;
}

/** A row without a signature. */
export interface RowFailure {
  readonly row: number;
  /** Of rows that could not be read. */
  readonly line: number | null;
  readonly code: ErrorCode;
  readonly reason: string;
}

/** Of a text: INPUT_INVALID is a row that leaves no token of its response, TEMPLATE_INVALID one that the template refuses. */
const FINAL: readonly ErrorCode[] = ['INPUT_INVALID', 'NOT_FINITE', 'PROMPT_TOO_LONG', 'TEMPLATE_INVALID'];

/** Whether the same model with the same settings would fail at it again. */
export function isFinal({ code }: RowFailure): boolean {
  return FINAL.includes(code);
}

/** The record with a change made to it. */
export function changed(record: IndexRecord, change: Partial<IndexRecord>): IndexRecord {
  return { ...record, ...change, cursor: Math.max(record.cursor + 1, Date.now()) };
}

/** Whether all is decided that has to be before the first sample. Before that nothing of the index is in the store. */
export function isPrepared({ layers, base, taught }: IndexRecord): boolean {
  return layers !== null && (base === null || taught !== null);
}

/** null until the index is prepared. */
export function manifestOf(record: IndexRecord): Manifest | null {
  const { model, base, layers, taught, dataset, request } = record;
  if (layers === null || !isPrepared(record)) return null;
  return {
    version: model.version,
    model: {
      digest: model.digest,
      path: model.path,
      adapter: model.loraPath,
      architecture: model.architecture,
      layers: model.layers,
      hiddenSize: model.hiddenSize,
    },
    template: model.template,
    maxTokens: request.maxTokens,
    layers,
    precision: model.precision,
    dataset: {
      path: dataset.path,
      digest: dataset.digest,
      bytes: dataset.bytes,
      rows: dataset.rows,
      columns: namedColumns(dataset.columns),
      turns: dataset.columns.kind === 'chat' ? dataset.columns.turns : null,
      textWindow: dataset.columns.kind === 'plain' ? dataset.columns.window : null,
    },
    taught:
      base === null || taught === null ? null : { ...taught, base: { digest: base.digest, path: base.path } },
  };
}

/** SHA-256 over the manifest and the generation. */
export function manifestDigest(manifest: Manifest, generation: number): string {
  return createHash('sha256').update(canonical({ manifest, generation })).digest('hex');
}

export function namedColumns(columns: ResolvedColumns): Record<string, string> {
  return { ...namedTexts(columns), ...(columns.label === null ? {} : { label: columns.label }) };
}

function namedTexts(columns: ResolvedColumns): Record<string, string> {
  switch (columns.kind) {
    case 'chat':
      return { messages: columns.messages };
    case 'plain':
      return { text: columns.text };
    case 'text':
      return { prompt: columns.prompt.join(' + '), response: columns.response };
  }
}

/** JSON with the keys of objects in order: the same text whatever way a record has gone through a store. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** Whether its samples have beginnings: those of METHOD 'taught 1' do not. */
export function hasBeginnings({ taught }: Pick<IndexRecord, 'taught'>): boolean {
  return taught?.beginningCentre !== undefined;
}

/** By which outputs are compared with its samples. */
export function scoreOfIndex({ taught }: Pick<IndexRecord, 'taught'>): Score {
  return scoreOf(taught?.method ?? METHOD);
}

/** Of the index's collection, once it is prepared. */
export function shapeOf({ layers, model, taught }: IndexRecord): CollectionShape {
  return { layers: layers?.layers ?? [], width: model.hiddenSize, taught: taught !== null };
}
