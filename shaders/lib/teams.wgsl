// Rows by teams of lanes. A kernel that says `vary TEAM` and `vary ROWS` gives every team ROWS rows at a time:
//   TEAM 32, ROWS 1  lanes stride over a row and add up through workgroup memory: on a GPU, where neighbours read together
//   TEAM 1           a lane goes through whole rows, and nobody waits: on software adapters, where a load costs the same
//                    wherever its lanes point, and a barrier as much as a row
const GROUP = max(TEAM, 8u); // lanes of a workgroup
var<workgroup> team_parts: array<f32, GROUP>;

// The first row of a lane's team.
fn first_row_of_team(workgroup: u32, lane: u32) -> u32 {
  return (workgroup * (GROUP / TEAM) + lane / TEAM) * ROWS;
}

// Every lane calls with its own part and gets its team's whole, in a fixed order. Calls must be uniform, as barriers are.
fn sum_of_team(lane: u32, part: vec4f) -> f32 {
  let own = dot(part, vec4f(1.0));
  if (TEAM == 1u) {
    return own;
  }
  team_parts[lane] = own;
  workgroupBarrier();
  var total = 0.0;
  for (var i = 0u; i < GROUP; i++) {
    total += team_parts[i];
  }
  workgroupBarrier(); // the parts may be overwritten from here on
  return total;
}
