// Reductions over the lanes of a workgroup of LANES: every lane calls with its own part and gets the whole, in a fixed
// order. Calls must be uniform, as barriers are.
const LANES = 32u;
var<workgroup> lane_parts: array<f32, LANES>;

fn sum_of_lanes(lane: u32, part: vec4f) -> f32 {
  lane_parts[lane] = dot(part, vec4f(1.0));
  workgroupBarrier();
  var total = 0.0;
  for (var i = 0u; i < LANES; i++) {
    total += lane_parts[i];
  }
  workgroupBarrier(); // the parts may be overwritten from here on
  return total;
}

fn max_of_lanes(lane: u32, part: vec4f) -> f32 {
  lane_parts[lane] = max(max(part.x, part.y), max(part.z, part.w));
  workgroupBarrier();
  var largest = lane_parts[0];
  for (var i = 1u; i < LANES; i++) {
    largest = max(largest, lane_parts[i]);
  }
  workgroupBarrier();
  return largest;
}
