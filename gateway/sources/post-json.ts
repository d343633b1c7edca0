/**
 * POST of JSON by node:http. Not fetch: its header time-out of 300 s is shorter than a generation may take. No connection is
 * kept: one that the service has just closed would look like a service that is down.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface PostOptions {
  readonly token: string | undefined;
  /** From the first byte sent to the last one received. */
  readonly timeoutMs: number;
  /** Of the answer. */
  readonly maxBytes: number;
}

/** Rejects with an Error that says what happened to the connection. */
export function postJson(
  url: string,
  body: unknown,
  { token, timeoutMs, maxBytes }: PostOptions,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body);
    const request = (url.startsWith('https:') ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'content-length': Buffer.byteLength(text),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    });
    request.on('error', reject);
    request.once('response', (response) => {
      readText(response, maxBytes).then((answer) => {
        resolve({ status: response.statusCode ?? 0, text: answer });
      }, reject);
    });
    request.end(text);
  });
}

async function readText(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Leaving the loop destroys the response.
    if (bytes > maxBytes) throw new Error(`the answer has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
