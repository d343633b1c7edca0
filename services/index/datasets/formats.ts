/** How a path is read: a file of some kind, compressed or not, or a folder of such files, one after the other. */
import { stat } from 'node:fs/promises';
import { codecOf, type Codec } from './compressed.ts';
import type { DatasetFormat, ReadRequest, Records, StreamFormat } from './dataset.ts';
import { inShard, isFolder, shardHeader, shardsOf } from './folder.ts';
import { fileChunks } from './file-chunks.ts';
import { kindOf, SLICED, STREAMS } from './kinds.ts';
import { changedDataset, invalidDataset } from './problems.ts';

const HEAD_BYTES = 4096;

/** Throws DATASET_NOT_FOUND, and DATASET_INVALID for what is of no format known. */
export async function formatOf(path: string): Promise<DatasetFormat> {
  if (!(await isFolder(path))) return fileFormat(path, path);
  const [first] = await shardsOf(path);
  const { name } = await fileFormat(first.path, first.name);
  return { name, appendable: false, read: readFolder };
}

async function* readFolder(path: string, { limit, ...request }: ReadRequest): Records {
  const shards = await shardsOf(path);
  const headers = await Promise.all(shards.map(shardHeader));
  const bytes = headers.reduce((sum, header) => sum + header.bytes.byteLength + header.size, 0);
  if (limit !== undefined && bytes !== limit) throw changedDataset(path);
  let row = request.firstRow ?? 0;
  for (const [i, shard] of shards.entries()) {
    request.tap?.(headers[i].bytes);
    const format = await fileFormat(shard.path, shard.name);
    const records = format.read(shard.path, { ...request, firstRow: row, name: shard.title });
    // Of a folder with one file there is no doubt in which file a line is.
    row = yield* shards.length > 1 ? inShard(records, shard) : records;
  }
  return row;
}

/** @param name by which the format is known; a link's target may have another */
async function fileFormat(path: string, name: string): Promise<DatasetFormat> {
  let head = await headOf(fileChunks(path, HEAD_BYTES));
  const codec = codecOf(head);
  if (codec !== null) head = await headOf(codec.chunks(name, fileChunks(path)));
  const kind = kindOf(name, head);
  const stream = STREAMS.find((format) => format === kind);
  if (stream !== undefined) return streamed(stream, codec);
  const sliced = SLICED.find((format) => format === kind);
  if (sliced !== undefined && codec === null) return sliced;
  throw invalidDataset(
    `${name} is a file of ${kind.name} that was packed as a whole`,
    'Unpack it; the format has compression of its own.',
  );
}

async function headOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  let head: Uint8Array = new Uint8Array(0);
  for await (const chunk of chunks) {
    head = Buffer.concat([head, chunk]).subarray(0, HEAD_BYTES);
    if (head.byteLength === HEAD_BYTES) break;
  }
  return head;
}

function streamed(format: StreamFormat, codec: Codec | null): DatasetFormat {
  const appendable = format.appendable && codec === null;
  return {
    name: codec === null ? format.name : `${format.name}.${codec.suffix}`,
    appendable,
    async *read(path, request): Records {
      const { limit, tap, name = path } = request;
      if (!appendable && limit !== undefined && (await stat(path).catch(() => null))?.size !== limit)
        throw changedDataset(name);
      const chunks = tapped(fileChunks(path, limit), tap);
      return yield* format.parse(name, codec === null ? chunks : codec.chunks(name, chunks), request);
    },
  };
}

async function* tapped(
  chunks: AsyncIterable<Uint8Array>,
  tap: ReadRequest['tap'],
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    tap?.(chunk);
    yield chunk;
  }
}
