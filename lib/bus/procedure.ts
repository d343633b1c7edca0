/** Requests over the bus with the types of both ends: declared once, called by one service, served by another. */
import type { Bus, Closable, RequestOptions } from './bus.ts';
import { decode, encode } from './wire.ts';

/** The type parameters are what makes a subject safe to call. */
export interface Procedure<Request, Response> {
  readonly subject: string;
  readonly timeoutMs: number;
  /** Never set: carries the types. */
  readonly types?: readonly [Request, Response];
}

export function procedure<Request, Response>(
  subject: string,
  timeoutMs: number,
): Procedure<Request, Response> {
  return { subject, timeoutMs };
}

/** Throws as Bus.request does. */
export async function call<Request, Response>(
  bus: Bus,
  { subject, timeoutMs }: Procedure<Request, Response>,
  request: Request,
  options: Partial<RequestOptions> = {},
): Promise<Response> {
  return decode<Response>(await bus.request(subject, encode(request), { timeoutMs, ...options }));
}

export function serve<Request, Response>(
  bus: Bus,
  { subject }: Procedure<Request, Response>,
  handler: (request: Request) => Promise<Response>,
): Promise<Closable> {
  return bus.serve(subject, async (payload) => encode(await handler(decode<Request>(payload))));
}
