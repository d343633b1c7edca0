// A block of queries of one sequence: what one workgroup of an attention kernel works on.
// The kernels give every array that they declare inside a loop its zeros explicitly: on llvmpipe (Mesa 25.0, webgpu
// 0.6.2) an array declared without a value kept the one of the iteration before, against the standard.
struct Block {
  first_query: u32, // row of its first query
  count: u32,       // its queries, 1 … LANES * (queries of a lane)
  first_key: u32,   // row of the sequence's first key
  visible: u32,     // keys before the one at the first query's own position
  end: u32,         // row after the sequence's last query
}

const LANES = 8u;
