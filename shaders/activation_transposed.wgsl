// actT[d, n] = f(x[n, d]) * up[n, d],  or f(x[n, d]),  f as ACTIVATION says: what gated_forward.wgsl and activation_forward.wgsl
// give, transposed, for linear layers that read it so
// Shapes: x (the gate, where there is one) and up [rows, width], actT [width, rows rounded up to 4], the padding zero; width is a
// multiple of 4. Each invocation makes a 4 x 4 tile.
// vary ACTIVATION  which function f is: a constant of lib/activation
// vary HAS_GATE    multiplies by up
// uses exp
// uses erf
// uses activation
struct Params {
  rows: u32,
  width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> up: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> act: array<vec4f>;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let width4 = params.width / 4u;
  let rows4 = (params.rows + 3u) / 4u;
  if (id.x >= width4 || id.y >= rows4) {
    return;
  }
  var a = vec4f();
  var b = vec4f();
  var c = vec4f();
  var d = vec4f();
  // A loop: written out, four activations are slower, and take seconds to compile.
  let count = min(4u, params.rows - 4u * id.y);
  for (var k = 0u; k < count; k++) {
    let at = (4u * id.y + k) * width4 + id.x;
    var value = activate4(x[at]);
    if (HAS_GATE) {
      value *= up[at];
    }
    let here = vec4u(0u, 1u, 2u, 3u) == vec4u(k);
    a = select(a, vec4f(value.x), here);
    b = select(b, vec4f(value.y), here);
    c = select(c, vec4f(value.z), here);
    d = select(d, vec4f(value.w), here);
  }
  let to = 4u * id.x * rows4 + id.y;
  act[to] = a;
  act[to + rows4] = b;
  act[to + 2u * rows4] = c;
  act[to + 3u * rows4] = d;
}
