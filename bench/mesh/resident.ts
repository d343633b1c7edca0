/** Memory of a process as Linux counts it, and what it was at certain shares of a run. */
import { readFile } from 'node:fs/promises';
import { quantile } from '../measure/statistics.ts';

/** MiB. */
export interface Resident {
  /** VmRSS: all of it in memory. */
  readonly all: number;
  /** RssAnon: what the process allocated; the rest is files, mostly programs, mapped into it. */
  readonly anonymous: number;
}

export interface Reading extends Resident {
  /** Since the run began. */
  readonly seconds: number;
  /** Share of the rows that are done, 0 to 1. */
  readonly share: number;
}

export interface Mark extends Resident {
  readonly share: number;
  /** How many readings it is the median of. */
  readonly readings: number;
}

/** Readings so far before and after a share belong to it: single ones go up and down with the work of the moment. */
const AROUND = 0.03;

/** Throws where there is no /proc, and when the process is gone. */
export async function readResident(pid: number): Promise<Resident> {
  return parseStatus(await readFile(`/proc/${pid}/status`, 'utf8'));
}

/** @param status of /proc/PID/status */
export function parseStatus(status: string): Resident {
  const mebibytes = (field: string): number => {
    const [, kibibytes] = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
    if (kibibytes === undefined) throw new Error(`/proc/PID/status has no ${field}`);
    return Number(kibibytes) / 1024;
  };
  return { all: mebibytes('VmRSS'), anonymous: mebibytes('RssAnon') };
}

/** Medians of the readings around a share. Throws where there are none. */
export function markAt(readings: readonly Reading[], share: number): Mark {
  const near = readings.filter((reading) => Math.abs(reading.share - share) <= AROUND);
  if (near.length === 0) throw new Error(`nothing was read around ${share * 100} % of the run`);
  const middle = (key: keyof Resident): number =>
    quantile(
      near.map((reading) => reading[key]),
      0.5,
    );
  return { share, all: middle('all'), anonymous: middle('anonymous'), readings: near.length };
}
