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

export function rowTeams({ software }: AdapterReport): RowTeams {
  return software ? LANES_ALONE : TEAMS_OF_32;
}

export function teamGrid({ rowsOfWorkgroup }: RowTeams, rows: number): Grid {
  return flatGrid(Math.ceil(rows / rowsOfWorkgroup));
}
