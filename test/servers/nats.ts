/** A real nats-server with JetStream for tests: on the loopback address, on a free port, with a store of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { serverBinary } from './binaries.ts';

export interface NatsServer {
  readonly url: string;
  readonly port: number;
  /** Ends it and removes its store. */
  stop(): Promise<void>;
  /** SIGKILL; the store stays. */
  kill(): Promise<void>;
  /** Starts it again after `kill`, on the same port and store. */
  restart(): Promise<void>;
}

const READY_MS = 15_000;

/** @param options `config` is more lines for the server's configuration file. Resolves when it takes connections. */
export async function startNats({ config = '', jetstream = true } = {}): Promise<NatsServer> {
  const binary = serverBinary('nats');
  const folder = await mkdtemp(join(tmpdir(), 'reptrace-nats-'));
  const port = await freePort();
  const file = join(folder, 'server.conf');
  await writeFile(file, config);
  const store = jetstream ? ['-js', '-sd', join(folder, 'store')] : [];
  const args = ['-c', file, '-a', '127.0.0.1', '-p', String(port), ...store];

  let child = await start(binary, args, port);
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    kill: () => end(child, 'SIGKILL'),
    restart: async () => {
      child = await start(binary, args, port);
    },
    stop: async () => {
      await end(child, 'SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function start(binary: string, args: readonly string[], port: number): Promise<ChildProcess> {
  const child = spawn(binary, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4000)));
  const failed = new Promise<never>((_resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      reject(new Error(`nats-server ended with ${String(code)}:\n${said}`));
    });
  });
  // A test run that dies takes its servers with it.
  const killWithUs = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', killWithUs);
  child.once('exit', () => process.off('exit', killWithUs));
  await Promise.race([untilConnectable(port), failed]);
  // After this, ending is no failure.
  failed.catch(() => undefined);
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await exited;
}

async function untilConnectable(port: number): Promise<void> {
  const until = Date.now() + READY_MS;
  while (!(await greets(port))) {
    if (Date.now() > until) throw new Error(`nats-server does not answer on port ${port}`);
    await wait(20);
  }
}

/** A server that is ready sends its INFO line. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (greeted: boolean) => (): void => {
      socket.destroy();
      resolve(greeted);
    };
    socket.once('data', answer(true)).once('error', answer(false)).once('close', answer(false));
  });
}

/** A port that nobody listens on at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new Error('no port'));
      });
    });
  });
}
