/** The programs of the real servers that tests start. */
import { findServer, TEST_SERVERS } from '../../scripts/setup/test-servers.mjs';

const found = new Map<string, string>();

/** The path of a server's program, its checksum checked. Throws a sentence that says how to get it. */
export function serverBinary(name: keyof typeof TEST_SERVERS): string {
  const known = found.get(name);
  if (known !== undefined) return known;
  const server = TEST_SERVERS[name];
  const path = findServer(server);
  if (path === undefined) {
    throw new Error(
      `this test needs ${server.program}, and it is not in .cache/servers (or is not the one known here): ` +
        `run \`npm test\` or \`node scripts/test-servers.mjs\`, or set ${server.override} to the path of one`,
    );
  }
  found.set(name, path);
  return path;
}
