/** docker-compose.yml and Dockerfile, as far as they can be checked without a container runtime. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../e2e/command.ts';

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly image: string;
        readonly command?: readonly string[];
        readonly environment?: Readonly<Record<string, string>>;
        readonly healthcheck?: unknown;
        readonly ports?: readonly string[];
        readonly volumes?: readonly string[];
        readonly depends_on?: Readonly<Record<string, unknown>>;
      }
    >
  >;
}

const PARTS = { gateway: 4000, compute: 4001, index: 4002, reporting: 4003 } as const;

async function compose(): Promise<Compose> {
  return parse(await readFile(join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true }) as Compose;
}

/** The compose specification's own schema, as dclint ships it. */
async function composeSchema(): Promise<object> {
  const folder = dirname(createRequire(import.meta.url).resolve('dclint/package.json'));
  const text = await readFile(join(folder, 'schemas', 'compose.schema.json'), 'utf8');
  // It names its dialect by another spelling of draft 7's address, which is ajv's default.
  const { $schema, ...schema } = JSON.parse(text) as Record<string, unknown>;
  expect($schema).toContain('draft-07');
  return schema;
}

describe('docker-compose.yml', () => {
  it('is valid by the compose specification', async () => {
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
    const validate = ajv.compile(await composeSchema());
    validate(await compose());
    expect(validate.errors).toBeNull();
  });

  it('runs each part of the mesh beside the official NATS and Qdrant, all with health checks', async () => {
    const { services } = await compose();
    expect(Object.keys(services).sort()).toEqual([...Object.keys(PARTS), 'nats', 'qdrant'].sort());
    expect(services['nats']?.image).toMatch(/^nats:2\./);
    expect(services['qdrant']?.image).toMatch(/^qdrant\/qdrant:v1\./);
    for (const service of Object.values(services)) expect(service.healthcheck).toBeDefined();
    for (const [name, port] of Object.entries(PARTS)) {
      expect(services[name]?.command?.slice(0, 2)).toEqual(['serve', name]);
      expect(JSON.stringify(services[name]?.healthcheck)).toContain(`127.0.0.1:${port}/readyz`);
    }
  });

  it('lets nobody in without a token, and only the gateway out, on this machine', async () => {
    const { services } = await compose();
    for (const name of Object.keys(PARTS)) {
      expect(services[name]?.environment?.['REPTRACE_TOKEN']).toMatch(/^\$\{REPTRACE_TOKEN:\?/);
    }
    const published = Object.entries(services).filter(([, { ports }]) => ports !== undefined);
    expect(published.map(([name, { ports }]) => [name, ports])).toEqual([
      ['gateway', ['127.0.0.1:4000:4000']],
    ]);
  });
});

describe('Dockerfile', () => {
  it('copies only what the checkout has, and starts the built command', async () => {
    const text = await readFile(join(ROOT, 'Dockerfile'), 'utf8');
    expect(text).toContain('ENTRYPOINT ["node", "dist/cli/main.js"]');
    for (const name of ['LICENSE', 'NOTICE', 'package.json']) {
      expect(text).toContain(`/reptrace/${name}`);
      await expect(readFile(join(ROOT, name), 'utf8')).resolves.not.toBe('');
    }
  });
});
