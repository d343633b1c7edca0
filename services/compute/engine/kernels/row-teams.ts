/**
 * How lanes share the rows of a kernel that goes over each row twice or more (shaders/lib/teams.wgsl): a team of 32 on a GPU; on
 * software adapters a lane alone has whole rows, several at a time, so that they share what is loaded for all rows.
 * There at 512 rows: 128 wide 6 times as fast as with teams of 32, 576 wide twice.
 */
import type { AdapterReport } from '../device/gpu.ts';
import { flatGrid, type Grid } from '../device/recorder.ts';

export interface RowTeams {
  /** What the shader varies by. */
  readonly constants: { readonly TEAM: number; readonly ROWS: number };
  readonly rowsOfWorkgroup: number;
}

export const TEAMS_OF_32: RowTeams = { constants: { TEAM: 32, ROWS: 1 }, rowsOfWorkgroup: 1 };
/** Workgroups of 8 lanes. */
export const LANES_ALONE: RowTeams = { constants: { TEAM: 1, ROWS: 2 }, rowsOfWorkgroup: 16 };

/** For results that are written transposed, in tiles of 4 x 4. */
export const LANES_TRANSPOSING: RowTeams = { constants: { TEAM: 1, ROWS: 4 }, rowsOfWorkgroup: 32 };

/** Whether writing a result transposed costs no more than writing it straight: lanes alone hold several rows as it is. */
export function writesTransposed({ software }: AdapterReport): boolean {
  return software;
}

export function rowTeams({ software }: AdapterReport): RowTeams {
  return software ? LANES_ALONE : TEAMS_OF_32;
}

/** Of a result [rows, width] as `transpose` (matmul-outer.ts) lays it out: rows rounded up to 4, the padding zero. */
export function transposedShape(rows: number, width: number): readonly [number, number] {
  return [width, Math.ceil(rows / 4) * 4];
}

export function teamGrid({ rowsOfWorkgroup }: RowTeams, rows: number): Grid {
  return flatGrid(Math.ceil(rows / rowsOfWorkgroup));
}
