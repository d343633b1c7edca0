/**
 * Text files compressed as a whole, unpacked as they are read. What comes out is bounded by nothing but the reader's patience:
 * it goes on in chunks, and a row that is too long is passed over as in any text.
 */
import { createGunzip, type Gunzip } from 'node:zlib';
import { reasonOf, ReptraceError } from '../../../lib/errors.ts';
import { invalidDataset, plain } from './problems.ts';
import { ZstdStream } from './zstd.ts';

export interface Codec {
  readonly name: string;
  /** Of the format's name, without a dot. */
  readonly suffix: string;
  readonly magic: readonly number[];
  /**
   * Each chunk is valid until the next is asked for. All chunks of the source are taken, those behind the end too.
   * Throws DATASET_INVALID for what is corrupt or cut off.
   */
  chunks(name: string, source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

const gzip: Codec = {
  name: 'gzip',
  suffix: 'gz',
  magic: [0x1f, 0x8b],

  async *chunks(name, source) {
    const gunzip = createGunzip();
    const feeder = new Feeder(source, gunzip);
    const fed = feeder.feed();
    try {
      for await (const chunk of gunzip) yield chunk as Buffer;
      await fed;
      if (feeder.failure !== null) throw feeder.failure;
    } catch (error) {
      throw corrupt(name, 'gzip', error);
    } finally {
      feeder.stop();
      gunzip.destroy();
      await fed;
    }
  },
};

const zstd: Codec = {
  name: 'zstd',
  suffix: 'zst',
  magic: [0x28, 0xb5, 0x2f, 0xfd],

  async *chunks(name, source) {
    const stream = new ZstdStream();
    try {
      for await (const chunk of source) yield* stream.push(chunk);
      stream.end();
    } catch (error) {
      throw corrupt(name, 'zstd', error);
    }
  },
};

const CODECS: readonly Codec[] = [gzip, zstd];

/** By a file's first bytes; null for what is not compressed as a whole. */
export function codecOf(head: Uint8Array): Codec | null {
  return CODECS.find(({ magic }) => magic.every((byte, i) => head[i] === byte)) ?? null;
}

/** Gives a stream of zlib its input, a chunk when it has done with the one before. */
class Feeder {
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #stream: Gunzip;
  #stopped = false;
  /** What was wrong with the source; the stream fails of it too, unless it had ended. */
  failure: Error | null = null;
  /** Goes on once the chunk at hand is done with. */
  #goOn = (): void => undefined;

  constructor(source: AsyncIterable<Uint8Array>, stream: Gunzip) {
    this.#source = source;
    this.#stream = stream;
    // A stream that fails does not say that it has done with a chunk.
    stream.once('close', () => {
      this.#goOn();
    });
  }

  /** Never rejects. */
  async feed(): Promise<void> {
    const stream = this.#stream;
    try {
      for await (const chunk of this.#source) {
        if (this.#stopped) return;
        // Behind the end of what is compressed the rest is read all the same: it counts for the file's digest.
        if (stream.readableEnded || stream.destroyed) continue;
        await new Promise<void>((resolve) => {
          this.#goOn = resolve;
          stream.write(chunk, () => {
            resolve();
          });
        });
      }
      stream.end();
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(reasonOf(error));
      stream.destroy(this.failure);
    }
  }

  stop(): void {
    this.#stopped = true;
  }
}

function corrupt(name: string, codec: string, error: unknown): unknown {
  if (error instanceof ReptraceError || !(error instanceof Error)) return error;
  return invalidDataset(
    `${name} cannot be unpacked as ${codec}: ${plain(error.message)}`,
    'The file may be damaged or cut off: fetch it again, or give it unpacked.',
  );
}
