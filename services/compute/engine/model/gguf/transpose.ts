/** A matrix turned, element by element, whatever its elements are. */

/** Rows and columns of a tile: what is read and what is written both stay in the cache. */
const TILE = 32;

/**
 * @param stored (rows, columns), elements of `width` bytes, 2 or 4, at a multiple of it
 * @param out (columns, rows)
 */
export function transpose(
  stored: Uint8Array<ArrayBuffer>,
  rows: number,
  columns: number,
  width: number,
  out: Uint8Array<ArrayBuffer>,
): void {
  const [from, to] = [elements(stored, width), elements(out, width)];
  for (let top = 0; top < rows; top += TILE) {
    for (let left = 0; left < columns; left += TILE) {
      const [bottom, right] = [Math.min(rows, top + TILE), Math.min(columns, left + TILE)];
      for (let row = top; row < bottom; row++) {
        for (let column = left; column < right; column++)
          to[column * rows + row] = from[row * columns + column];
      }
    }
  }
}

function elements(
  { buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>,
  width: number,
): Uint16Array | Uint32Array {
  if (width === 2) return new Uint16Array(buffer, byteOffset, byteLength / 2);
  if (width === 4) return new Uint32Array(buffer, byteOffset, byteLength / 4);
  throw new Error(`elements of ${width} bytes are not turned`);
}
