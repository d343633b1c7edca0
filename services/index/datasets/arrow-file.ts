/**
 * Arrow's file format (the second version of Feather), a record batch at a time, by the table of contents at its end.
 * Format: apache/arrow, docs/source/format/IPC.rst and format/File.fbs.
 */
import { Decoder, MAX_HEADER_BYTES, MESSAGE, messageOf, type Message } from './arrow/decoder.ts';
import { Table } from './arrow/flatbuffer.ts';
import { arrowStream, CONTINUES } from './arrow-stream.ts';
import type { ReadRequest, Records } from './dataset.ts';
import type { FileSlices } from './file-slices.ts';
import { slicedFormat } from './sliced-format.ts';

const MAGIC = 'ARROW1';
/** The size of the table of contents, and the magic bytes. */
const TAIL_BYTES = 4 + MAGIC.length;

export const arrowFile = slicedFormat({
  name: arrowStream.name,
  title: 'Arrow',
  extensions: arrowStream.extensions,

  refuse(head) {
    const is = Buffer.from(head.subarray(0, MAGIC.length)).toString('latin1') === MAGIC;
    return is ? null : 'it does not begin as Arrow files do';
  },

  read: readFile,
});

async function* readFile(
  file: FileSlices,
  request: ReadRequest,
  passed: (offset: number) => Promise<void>,
): Records {
  const footer = await readFooter(file);
  const schema = footer.table(1);
  if (schema === null) throw new Error('it has no columns');
  const decoder = new Decoder(schema, request);
  const dictionaries = footer.blocks(2);
  const batches = footer.blocks(3);
  const within = new Within(file.size);
  for (const block of dictionaries) {
    const { type, header, bodyBytes, body } = await readBlock(file, block);
    if (type !== MESSAGE.dictionary) throw new Error('its table of contents is wrong');
    within.add(block[1] + bodyBytes);
    decoder.addDictionary(header, await body());
  }
  for (const block of batches) {
    const message = await readBlock(file, block);
    const { type, header, bodyBytes, body } = message;
    if (type !== MESSAGE.records) throw new Error('its table of contents is wrong');
    within.add(block[1] + bodyBytes);
    if (decoder.wants(message)) yield* decoder.records(header, await body());
    else decoder.skip(header);
    await passed(block[0] + block[1] + bodyBytes);
  }
  return decoder.row;
}

/** What a file's parts have together, so that none is read again and again. */
class Within {
  readonly #size: number;
  #bytes = 0;

  constructor(size: number) {
    this.#size = size;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#size) throw new Error('its parts are larger than the file');
  }
}

async function readFooter(file: FileSlices): Promise<Table> {
  if (file.size < MAGIC.length + TAIL_BYTES) throw new Error('it is cut off');
  const tail = await file.read(file.size - TAIL_BYTES, file.size);
  if (Buffer.from(tail.subarray(4)).toString('latin1') !== MAGIC)
    throw new Error('it does not end as Arrow files do: it may have been cut off');
  const size = new DataView(tail.buffer).getUint32(0, true);
  if (size > MAX_HEADER_BYTES) throw new Error('its table of contents is too large');
  return Table.root(await file.read(file.size - TAIL_BYTES - size, file.size - TAIL_BYTES));
}

interface Block extends Message {
  readonly body: () => Promise<Uint8Array>;
}

async function readBlock(file: FileSlices, [at, size]: readonly [number, number]): Promise<Block> {
  if (size > MAX_HEADER_BYTES) throw new Error('the description of a batch is too large');
  const bytes = await file.read(at, at + size);
  // Before version 0.15 no mark stood before the size.
  const marked = new DataView(bytes.buffer).getUint32(0, true) === CONTINUES;
  const message = messageOf(bytes.subarray(marked ? 8 : 4));
  return { ...message, body: () => file.read(at + size, at + size + message.bodyBytes) };
}
