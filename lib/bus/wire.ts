/** How values cross the bus: MessagePack, with Float32Array kept as such (little-endian, copied to its own memory). */
import { decode as unpack, encode as pack, ExtensionCodec } from '@msgpack/msgpack';

const FLOAT32 = 1;
const ENTRIES = 2;
const extensionCodec = new ExtensionCodec();
extensionCodec.register({
  type: FLOAT32,
  encode: (value) =>
    value instanceof Float32Array ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : null,
  decode: (bytes) => new Float32Array(Uint8Array.from(bytes).buffer),
});

// MessagePack's decoder refuses a map with this key; a column of a dataset may be called so all the same.
extensionCodec.register({
  type: ENTRIES,
  encode: (value) =>
    typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__')
      ? encode(Object.entries(value))
      : null,
  decode: (bytes) => Object.fromEntries(decode<[string, unknown][]>(bytes)),
});

export function encode(value: unknown): Uint8Array {
  return pack(value, { extensionCodec, ignoreUndefined: true });
}

/** Any bytes will do; `value` is never set, and carries the type. */
export type Encoded<T> = Uint8Array & { readonly value?: T };

/** The caller says what it expects: both ends are services of one version (see `procedure`). */
export function decode<T>(bytes: Encoded<T>): T {
  return unpack(bytes, { extensionCodec }) as T;
}
