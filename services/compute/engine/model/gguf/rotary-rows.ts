/**
 * The order of a head's rows in query and key projections. The rotary embedding turns pairs of dimensions: Hugging
 * Face pairs i with i + headDim / 2, llama.cpp's Llama 2 i with 2 i + 1. Its converter therefore writes (`permute` in
 * convert_hf_to_gguf.py)
 *
 *   stored row 2 i + s  =  Hugging Face row s · headDim / 2 + i,     s = 0, 1
 *
 * of every head, and this is undone here.
 */

/**
 * @param stored whole heads, row after row
 * @param rowSize bytes of a row
 * @param out as long as `stored`
 */
export function undoRotaryRows(stored: Uint8Array, headDim: number, rowSize: number, out: Uint8Array): void {
  const headSize = headDim * rowSize;
  for (let head = 0; head < stored.byteLength; head += headSize) {
    for (let row = 0; row < headDim; row++) {
      const from = head + row * rowSize;
      const to = head + ((row & 1) * (headDim / 2) + (row >>> 1)) * rowSize;
      out.set(stored.subarray(from, from + rowSize), to);
    }
  }
}
