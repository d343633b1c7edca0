/** What workers bring: signatures go to the store, and count when it has them; tasks that kill their workers are halved. */
import { ReptraceError } from '../../../lib/errors.ts';
import { MAX_DELIVERIES } from '../../../lib/mesh/compute-messages.ts';
import type { SignedRow, SignReport } from '../../../lib/mesh/index-messages.ts';
import type { DatasetRow } from '../datasets/dataset.ts';
import { placed } from './placed.ts';
import type { CollectionShape, SamplePoint } from '../stores/signature-store.ts';
import { hasBeginnings, type IndexRecord, type RowFailure } from './index-record.ts';
import { pointId, pointOf } from './points.ts';
import type { Tally } from './tally.ts';
import type { TaskSender } from './task-sender.ts';
import type { Upserts } from './upserts.ts';

export interface DeskParts {
  readonly record: IndexRecord;
  readonly shape: CollectionShape;
  readonly tally: Tally;
  readonly sender: TaskSender;
  readonly upserts: Upserts;
  /** No worker can do it: the run is over. */
  readonly onImpossible: (error: ReptraceError) => void;
}

export class ReportDesk {
  readonly #parts: DeskParts;

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  /**
   * Rows that are not out (stored already, or of a task from before this run) are passed over, so that a report may come any
   * number of times. Throws what the store throws: the worker brings it again.
   */
  async take(report: SignReport): Promise<void> {
    this.#parts.sender.heard();
    switch (report.kind) {
      case 'signed':
        return this.#store(report.rows);
      case 'split':
        return this.#split(report.task, report.rows);
      case 'impossible':
        this.#parts.onImpossible(new ReptraceError(report.code, report.message, report.remedy));
    }
  }

  async #store(rows: readonly SignedRow[]): Promise<void> {
    const points: SamplePoint[] = [];
    const failures: RowFailure[] = [];
    for (const signed of rows) {
      const row = this.#out(signed.row);
      if (row === undefined) continue;
      const made = this.#pointOf(row, signed);
      if ('id' in made) points.push(made);
      else failures.push(made);
    }
    await this.#parts.upserts.add(points);
    for (const { row } of points) {
      this.#parts.tally.store(row);
      this.#parts.sender.flights.finish(row);
    }
    for (const failure of failures) this.#giveUp(failure);
  }

  #pointOf(row: DatasetRow, signed: SignedRow): SamplePoint | RowFailure {
    const failed = ({ code, reason }: Pick<RowFailure, 'code' | 'reason'>): RowFailure => ({
      ...{ row: row.row, line: null, code },
      reason: placed(row, reason),
    });
    if (!('layers' in signed)) return failed(signed);
    const { record, shape } = this.#parts;
    try {
      const id = pointId(record.id, record.firstDigest, row.row);
      return pointOf(id, row, signed, { ...shape, beginnings: hasBeginnings(record) });
    } catch (error) {
      if (!(error instanceof ReptraceError)) throw error;
      return failed({ code: error.code, reason: error.message });
    }
  }

  async #split(task: string, numbers: readonly number[]): Promise<void> {
    const { sender, upserts } = this.#parts;
    // A task of an earlier run may have come back so often only because that run was gone; its rows are out in others by now.
    const inTask = numbers.filter((row) => isTask(task, sender.flights.taskOf(row)));
    const rows = inTask.map((row) => this.#out(row)).filter((row) => row !== undefined);
    if (rows.length === 0) return;
    // Nor is a row to blame whose results could not be stored, or that never was alone.
    if (upserts.troubled || (rows.length === 1 && numbers.length > 1)) await sender.send(rows);
    else if (rows.length === 1) {
      this.#giveUp({
        row: rows[0].row,
        line: null,
        code: 'INTERNAL',
        reason: placed(
          rows[0],
          `a worker was given this row alone ${MAX_DELIVERIES} times and never finished`,
        ),
      });
    } else {
      const half = Math.ceil(rows.length / 2);
      await sender.send(rows.slice(0, half));
      await sender.send(rows.slice(half));
    }
  }

  #giveUp(failure: RowFailure): void {
    this.#parts.tally.fail(failure);
    this.#parts.sender.flights.finish(failure.row);
  }

  #out(row: number): DatasetRow | undefined {
    return this.#parts.tally.isOpen(row) ? this.#parts.sender.flights.row(row) : undefined;
  }
}

/** A worker without the model hands a task on under its id with something added. */
function isTask(told: string, out: string | undefined): boolean {
  return out !== undefined && (told === out || told.startsWith(`${out}-`));
}
