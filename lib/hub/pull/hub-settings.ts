/** Which hub is asked, and as whom, by the variables that Hugging Face's own programs read. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessAbsent } from '../../absent.ts';
import { ReptraceError } from '../../errors.ts';
import { hubHome, type Environment } from '../cache-layout.ts';

export interface HubSettings {
  /** Without a slash at its end. */
  readonly endpoint: string;
  /** Shown to the endpoint's own host only. */
  readonly token: string | undefined;
}

const DEFAULT_ENDPOINT = 'https://huggingface.co';

/** HF_ENDPOINT; HF_TOKEN, else the file that `hf auth login` writes. Throws CONFIG_INVALID, naming the variable. */
export async function readHubSettings(env: Environment): Promise<HubSettings> {
  return { endpoint: endpointOf(env), token: await tokenOf(env) };
}

function endpointOf(env: Environment): string {
  const given = env['HF_ENDPOINT'];
  const text = given === undefined || given === '' ? DEFAULT_ENDPOINT : given;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.username !== '') {
    throw new ReptraceError(
      'CONFIG_INVALID',
      'HF_ENDPOINT is not a URL of http:// or https://',
      `Set it to the hub's address, such as ${DEFAULT_ENDPOINT}, or unset it.`,
    );
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

async function tokenOf(env: Environment): Promise<string | undefined> {
  const own = [env['HF_TOKEN'], env['HUGGING_FACE_HUB_TOKEN']].find(
    (value) => value !== undefined && value !== '',
  );
  const path = env['HF_TOKEN_PATH'] ?? join(hubHome(env), 'token');
  const token = (own ?? (await unlessAbsent(readFile(path, 'utf8'), ''))).trim();
  if (token === '') return undefined;
  if (/^[\x21-\x7e]{1,4096}$/.test(token)) return token;
  throw new ReptraceError(
    'CONFIG_INVALID',
    own === undefined
      ? `the file ${path} holds no token`
      : 'HF_TOKEN is no token: it has spaces or other characters',
    'Set HF_TOKEN to a token from the hub’s settings page (it starts with hf_), or unset it.',
  );
}
