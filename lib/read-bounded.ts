/** A small text file that someone named: never more of it than it may have, whatever the path turns out to be. */
import { open } from 'node:fs/promises';

/** UTF-8 text. Throws an Error for more than `most` bytes or other bytes than UTF-8, and what opening and reading throw. */
export async function readBounded(path: string, most: number): Promise<string> {
  const file = await open(path);
  try {
    const buffer = Buffer.alloc(most + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.byteLength - length, null);
      length += bytesRead;
      if (length > most) throw new Error(`the file has more than ${most} bytes`);
      if (bytesRead === 0)
        return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, length));
    }
  } finally {
    await file.close();
  }
}
