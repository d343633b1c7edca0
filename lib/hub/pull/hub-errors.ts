/** What goes wrong with a hub, in words that say what to do. */
import { ReptraceError } from '../../errors.ts';
import { writtenName, type HubName } from '../hub-name.ts';

/** What a request is about, for the words of its errors. */
export interface Subject {
  readonly name: HubName;
  readonly endpoint: string;
  readonly hasToken: boolean;
}

/** What came from the hub is not what it said it would be, or not what a hub sends. */
export function downloadInvalid(what: string, remedy?: string, cause?: unknown): ReptraceError {
  return new ReptraceError(
    'DOWNLOAD_INVALID',
    what,
    remedy ?? 'Pull again; if it stays so, the hub, or something between here and there, sends wrong data.',
    { cause },
  );
}

/** No answer, or none but "later". */
export function unreachable({ endpoint }: Subject, why: string, cause?: unknown): ReptraceError {
  return new ReptraceError(
    'SERVICE_UNAVAILABLE',
    `the hub ${endpoint} cannot be reached: ${why}`,
    'Check the network (and HF_ENDPOINT, if it is set), and pull again: what is fetched so far is kept.',
    { cause },
  );
}

export function refused(
  { name, hasToken }: Subject,
  status: number,
  errorCode: string | null,
): ReptraceError {
  const what = JSON.stringify(writtenName({ ...name, file: undefined }));
  if (errorCode === 'GatedRepo' || (status === 403 && hasToken)) {
    return new ReptraceError(
      'UNAUTHENTICATED',
      `the hub does not give ${what} to ${hasToken ? 'the owner of this token' : 'everyone'}: access to it must be granted`,
      `Accept its conditions on its page at the hub, and set HF_TOKEN to a token ${hasToken ? 'of an account that did, which may read it' : 'of that account'}.`,
    );
  }
  return new ReptraceError(
    'UNAUTHENTICATED',
    hasToken
      ? `the hub does not accept the token for ${what}`
      : `the hub gives ${what} only to those who have a token: it is private, or there is no such repository`,
    `Check the name${name.kind === 'model' ? ' (a dataset’s is datasets/org/name)' : ''}, and set HF_TOKEN to a token of an account that may read it.`,
  );
}

export function noRepository({ name, endpoint, hasToken }: Subject): ReptraceError {
  const other = name.kind === 'model' ? 'dataset, which --dataset fetches' : 'model';
  return new ReptraceError(
    name.kind === 'model' ? 'MODEL_NOT_FOUND' : 'DATASET_NOT_FOUND',
    `there is no ${name.kind} ${JSON.stringify(name.repo)} at ${endpoint}`,
    `Check the name; it may also be a ${other}, or be private${hasToken ? '' : ' (then set HF_TOKEN)'}.`,
  );
}

export function noRevision({ name }: Subject): ReptraceError {
  return new ReptraceError(
    name.kind === 'model' ? 'MODEL_NOT_FOUND' : 'DATASET_NOT_FOUND',
    `the ${name.kind} ${JSON.stringify(name.repo)} has no revision ${JSON.stringify(name.revision ?? 'main')}`,
    'Name a branch, a tag or a whole commit after the @, as its page at the hub lists them.',
  );
}

export function noFile({ name }: Subject, file: string): ReptraceError {
  return downloadInvalid(
    `the hub lists ${JSON.stringify(file)} in ${JSON.stringify(name.repo)}, and has no such file`,
  );
}

export function cancelled(): ReptraceError {
  return new ReptraceError(
    'CANCELLED',
    'interrupted; what is fetched so far is kept',
    'The same command goes on from there.',
  );
}
