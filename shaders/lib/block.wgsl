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

// The part of a block that one workgroup takes: of wide heads a lane has room for fewer queries (or keys), and a block
// goes to several workgroups. Parts beyond the block's end have a count of 0.
fn part_of(block: Block, part: u32, size: u32) -> Block {
  let before = min(part * size, block.count);
  let count = min(size, block.count - before);
  return Block(block.first_query + before, count, block.first_key, block.visible + before, block.end);
}

// The first key that a query sees through a sliding window, `seen` being the keys up to its own, that one included.
fn first_in_window(seen: u32, window: u32) -> u32 {
  return max(seen, window) - window;
}
