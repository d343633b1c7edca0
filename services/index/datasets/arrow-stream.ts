/**
 * Arrow's stream format, a record batch at a time: what Hugging Face `datasets` saves.
 * Not read with apache-arrow: it takes the sizes in a file at their word, and unpacks no buffers.
 * Format: apache/arrow, docs/source/format/IPC.rst.
 */
import { ReptraceError } from '../../../lib/errors.ts';
import { Decoder, MAX_HEADER_BYTES, MESSAGE, messageOf, type Message } from './arrow/decoder.ts';
import { ByteReader } from './byte-reader.ts';
import type { ReadRequest, Records, StreamFormat } from './dataset.ts';
import { damaged } from './problems.ts';

export const CONTINUES = 0xffffffff;
/** Before the description of a message: the mark that one follows, and its size. */
const PREFIX_BYTES = 8;

export const arrowStream: StreamFormat = {
  name: 'arrow',
  extensions: ['.arrow', '.arrows', '.feather', '.ipc'],
  appendable: false,

  refuse(head) {
    const is = head.byteLength >= PREFIX_BYTES && head.subarray(0, 4).every((byte) => byte === 255);
    return is ? null : 'it does not begin as Arrow files do';
  },

  async *parse(path, chunks, request): Records {
    const reader = new ByteReader(chunks);
    try {
      return yield* readStream(reader, request);
    } catch (error) {
      throw error instanceof ReptraceError ? error : damaged(path, 'Arrow', error);
    } finally {
      await reader.close();
    }
  },
};

async function* readStream(reader: ByteReader, request: ReadRequest): Records {
  const first = await readMessage(reader);
  if (first?.type !== MESSAGE.schema) throw new Error('it does not begin with its columns');
  const decoder = new Decoder(first.header, request);
  await reader.skip(first.bodyBytes);
  for (let message = await readMessage(reader); message !== null; message = await readMessage(reader)) {
    const { type, header, bodyBytes } = message;
    if (type === MESSAGE.dictionary) {
      decoder.addDictionary(header, await reader.exactly(bodyBytes));
    } else if (type !== MESSAGE.records) {
      throw new Error('its parts stand in no known order');
    } else if (decoder.wants(message)) {
      yield* decoder.records(header, await reader.exactly(bodyBytes));
    } else {
      decoder.skip(header);
      await reader.skip(bodyBytes);
    }
  }
  // What is behind the end counts for the digest.
  await reader.skipAll();
  return decoder.row;
}

/** Null at the end of the stream: a mark of it, or that of the file. */
async function readMessage(reader: ByteReader): Promise<Message | null> {
  const prefix = await reader.upTo(PREFIX_BYTES);
  if (prefix.byteLength === 0) return null;
  if (prefix.byteLength < PREFIX_BYTES) throw new Error('it is cut off');
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  const size = view.getUint32(4, true);
  if (view.getUint32(0, true) !== CONTINUES) throw new Error('no message stands where one should');
  if (size === 0) return null;
  if (size > MAX_HEADER_BYTES) throw new Error('the description of a batch is too large');
  return messageOf(await reader.exactly(size));
}
