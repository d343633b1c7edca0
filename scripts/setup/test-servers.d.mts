// Types of test-servers.mjs, for the TypeScript that imports it.

export interface TestServer {
  /** The program's file name. */
  readonly program: string;
  /** npm package with version. */
  readonly package: string;
  readonly sha256: string;
  /** Environment variable that names a program to use instead. */
  readonly override: string;
}

export const TEST_SERVERS: Readonly<Record<'nats' | 'qdrant', TestServer>>;
export function testServersStep(say: (line: string) => void): string;
export function findServer(server: TestServer, folder?: string): string | undefined;
export function install(server: TestServer, unpacked: string, folder: string): void;
