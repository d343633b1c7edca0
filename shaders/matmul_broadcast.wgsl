// out[r, c] (+)= sum over i of spread(r, i) * along(i, c)  (+ bias) (+ residual), for software adapters with subgroups of 8.
// There a load costs as much as a dozen multiply-adds, whether lanes read the same place or eight different ones, and a
// subgroup broadcast about one instruction. So the 8 lanes of a workgroup load what 8 rows of the `spread` operand have to say
// and tell each other; each lane multiplies it with its own 4 * VECTORS columns of the `along` operand. Per i, 16 rows and 16
// columns: 4 vec4s and half a vec4 of loads for 256 multiply-adds, where matmul_outer.wgsl has 4 vec4s for 64.
// 16 rows and 4 vectors are what 32 vector registers hold of one i; 24 rows, or more columns, are slower (bench/README.md).
// Shapes: spread [rows, spread_stride], row-major, or [inner, spread_stride] where SPREAD_BY_INNER; along [inner,
// along_stride]; strides, offsets and inner's stride are multiples of 4. `weights`, in stored precision from row
// weight_row on, is one of the two, `plain` the other.
// out: row stride out_stride, first element out_offset; out[r, c], or out[c, r] where TRANSPOSED (then bias is that of r).
//   y = x wT:   spread = w, along = xT, TRANSPOSED     dx = dy w:  spread = dy, along = w
//   dw = dyT x: spread = dy, SPREAD_BY_INNER, along = x
// Sums are float32, in the order of i.
// vary VECTORS            vec4s of columns that a lane holds: 1, 2 or 4
// vary SPREAD_WEIGHTS     `weights` is spread, and `plain` along
// vary SPREAD_BY_INNER    spread lies with inner first (never with SPREAD_WEIGHTS)
// vary TRANSPOSED         writes out[c, r]
// vary PADDED             columns of out are no multiple of 4: zeros go to the padding
// vary ACCUMULATE         adds to what out holds
// vary HAS_BIAS           adds bias
// vary HAS_RESIDUAL       adds residual, whose layout is that of out
// enable subgroups
// weights: binding 1
struct Params {
  rows: u32,
  inner: u32,
  columns: u32,
  spread_stride: u32,
  spread_first: u32,
  along_stride: u32,
  weight_row: u32,
  out_stride: u32,
  out_offset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> plain: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> out: array<vec4f>;

const ROWS = 16u;
const LANES = 8u;

// Elements 4 * at … of the spread operand.
fn spread4(at: u32) -> vec4f {
  if (SPREAD_WEIGHTS) {
    return weight4(at);
  }
  return plain[at];
}

fn along4(at: u32) -> vec4f {
  if (SPREAD_WEIGHTS) {
    return plain[at];
  }
  return weight4(at);
}

fn bias4(column: u32, last: u32) -> vec4f {
  return vec4f(
    bias[min(column, last)],
    bias[min(column + 1u, last)],
    bias[min(column + 2u, last)],
    bias[min(column + 3u, last)],
  );
}

// Four consecutive elements of out, in its row and from its column on; columns from `count` on are padding.
fn finish(row: u32, column: u32, count: u32, sum: vec4f) {
  let at = (params.out_offset + row * params.out_stride + column) / 4u;
  var value = sum;
  if (PADDED && column + 4u > count) {
    value = select(sum, vec4f(), vec4u(column, column + 1u, column + 2u, column + 3u) >= vec4u(count));
  }
  if (HAS_BIAS) {
    value += bias4(column, count - 1u);
  }
  if (HAS_RESIDUAL) {
    value += residual[at];
  }
  if (ACCUMULATE) {
    value += out[at];
  }
  out[at] = value;
}

// Row r is what lane r % 8 has, of its two.
fn two_by_eight(a: f32, b: f32) -> array<f32, ROWS> {
  return array<f32, ROWS>(
    subgroupBroadcast(a, 0u), subgroupBroadcast(a, 1u), subgroupBroadcast(a, 2u), subgroupBroadcast(a, 3u),
    subgroupBroadcast(a, 4u), subgroupBroadcast(a, 5u), subgroupBroadcast(a, 6u), subgroupBroadcast(a, 7u),
    subgroupBroadcast(b, 0u), subgroupBroadcast(b, 1u), subgroupBroadcast(b, 2u), subgroupBroadcast(b, 3u),
    subgroupBroadcast(b, 4u), subgroupBroadcast(b, 5u), subgroupBroadcast(b, 6u), subgroupBroadcast(b, 7u),
  );
}

// Rows 4 * lane … are what lanes 0 to 3 have.
fn four_by_four(a: vec4f) -> array<f32, ROWS> {
  let p = subgroupBroadcast(a, 0u);
  let q = subgroupBroadcast(a, 1u);
  let r = subgroupBroadcast(a, 2u);
  let s = subgroupBroadcast(a, 3u);
  return array<f32, ROWS>(
    p.x, p.y, p.z, p.w, q.x, q.y, q.z, q.w, r.x, r.y, r.z, r.w, s.x, s.y, s.z, s.w,
  );
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  // Neighbouring workgroups go through the same columns, which the caches then hold.
  let first_row = group.x * ROWS;
  let column = (group.y * LANES + lane) * (4u * VECTORS);
  // Beyond the edges, lanes repeat what is last, and write nothing.
  let low_row = min(first_row + lane, params.rows - 1u);
  let high_row = min(first_row + LANES + lane, params.rows - 1u);
  let spread_stride4 = params.spread_stride / 4u;
  let along_stride4 = params.along_stride / 4u;
  let spread_start = select(0u, params.weight_row * spread_stride4, SPREAD_WEIGHTS) + params.spread_first / 4u;
  let along_start = select(params.weight_row * along_stride4, 0u, SPREAD_WEIGHTS);
  let own_rows = min(first_row / 4u + lane % 4u, spread_stride4 - 1u);
  var along_at = array<u32, VECTORS>();
  for (var v = 0u; v < VECTORS; v++) {
    along_at[v] = along_start + min(column / 4u + v, along_stride4 - 1u);
  }
  var sum = array<vec4f, ROWS * VECTORS>();
  var low = vec4f();
  var high = vec4f();
  for (var i = 0u; i < params.inner; i++) {
    var mine = array<vec4f, VECTORS>();
    for (var v = 0u; v < VECTORS; v++) {
      mine[v] = along4(along_at[v] + i * along_stride4);
    }
    var said: array<f32, ROWS>;
    if (SPREAD_BY_INNER) {
      said = four_by_four(spread4(spread_start + i * spread_stride4 + own_rows));
    } else {
      if (i % 4u == 0u) {
        low = spread4(spread_start + low_row * spread_stride4 + i / 4u);
        high = spread4(spread_start + high_row * spread_stride4 + i / 4u);
      }
      said = two_by_eight(low[i % 4u], high[i % 4u]);
    }
    for (var r = 0u; r < ROWS; r++) {
      for (var v = 0u; v < VECTORS; v++) {
        sum[r * VECTORS + v] += said[r] * mine[v];
      }
    }
  }
  // Loops that are not unrolled: written out, the end of the kernel takes seconds to compile for every variant.
  var done = sum;
  let rows = min(ROWS, params.rows - first_row);
  let columns = min(4u * VECTORS, max(params.columns, column) - column);
  if (TRANSPOSED) {
    for (var c = 0u; c < columns; c++) {
      for (var r = 0u; r < rows; r += 4u) {
        var four = vec4f();
        for (var k = 0u; k < 4u; k++) {
          four[k] = done[(r + k) * VECTORS + c / 4u][c % 4u];
        }
        finish(column + c, first_row + r, params.rows, four);
      }
    }
    return;
  }
  for (var t = 0u; t < rows * VECTORS; t++) {
    let c = 4u * (t % VECTORS);
    if (c < columns) {
      finish(first_row + t / VECTORS, column + c, params.columns, done[t]);
    }
  }
}
