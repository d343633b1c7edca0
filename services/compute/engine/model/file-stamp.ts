/** What an open file is known by: it changes when somebody writes to the file. */
import type { FileHandle } from 'node:fs/promises';

export async function fileStamp(file: FileHandle): Promise<string> {
  const { size, mtimeNs, ctimeNs } = await file.stat({ bigint: true });
  return `${size} ${mtimeNs} ${ctimeNs}`;
}
