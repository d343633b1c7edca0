/** Reads the header of a GGUF file, and no more of the file than that. */
import { ReptraceError } from '../../../../../lib/errors.ts';
import { openFile, readInto, type Folder } from '../folder-files.ts';
import { ggufInvalid, NeedMoreBytes } from './gguf-cursor.ts';
import { parseGgufHeader, type GgufHeader } from './gguf-header.ts';

export interface GgufFile extends GgufHeader {
  readonly folder: Folder;
  /** Its name within the folder. */
  readonly name: string;
  readonly size: number;
}

/** Enough for a small vocabulary; large ones have some 20 MB, since tokens and merges are in the header. */
const FIRST_BYTES = 1 << 20;
const MAX_HEADER_BYTES = 1 << 26;

export async function readGgufFile(folder: Folder, name: string): Promise<GgufFile> {
  const opened = await openFile(folder, name);
  if (opened === undefined) {
    throw new ReptraceError(
      'MODEL_NOT_FOUND',
      `There is no file ${JSON.stringify(name)} in ${JSON.stringify(folder.path)}.`,
      'Give the path of a GGUF file, or of a folder that holds a model.',
    );
  }
  const { file, size } = opened;
  try {
    for (let length = FIRST_BYTES; length <= MAX_HEADER_BYTES; length *= 4) {
      const bytes = new Uint8Array(Math.min(length, size));
      if ((await readInto(file, bytes, 0)) !== bytes.byteLength) throw ggufInvalid('became shorter');
      try {
        return { folder, name, size, ...parseGgufHeader(bytes, size) };
      } catch (error) {
        if (!(error instanceof NeedMoreBytes)) throw error;
      }
    }
    throw ggufInvalid(`has a header of more than the ${MAX_HEADER_BYTES} bytes that are read`);
  } catch (error) {
    if (!(error instanceof ReptraceError)) throw error;
    throw new ReptraceError(error.code, `${name}: ${error.message}`, error.remedy, { cause: error });
  } finally {
    await file.close();
  }
}
