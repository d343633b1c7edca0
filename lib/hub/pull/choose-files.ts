/**
 * Which files of a repository are fetched: of a model what this program reads, of a dataset its rows. Never what runs code
 * when it is loaded: Python files, and weights in Python pickles.
 */
import { ReptraceError } from '../../errors.ts';
import type { RepoKind } from '../hub-name.ts';
import { matches } from './glob.ts';
import type { RepoFile } from './list-repo.ts';

const RUNS_CODE =
  /\.(?:py|pyc|ipynb|bin|pt|pth|ckpt|pkl|pickle|joblib|h5|keras|msgpack|npy|npz|so|dll|exe|sh)$/i;

/** Config, tokenizer and template: small files in a model's own folder. */
const MODEL_TEXT =
  /^(?:config\.json|generation_config\.json|tokenizer\.json|tokenizer_config\.json|tokenizer\.model|special_tokens_map\.json|added_tokens\.json|vocab\.(?:json|txt)|merges\.txt|chat_template[^/]*|adapter_config\.json)$/;
const WHOLE = 'model.safetensors';
const SHARDS = /^model(?:-\d+-of-\d+\.safetensors|\.safetensors\.index\.json)$/;
const ADAPTER = 'adapter_model.safetensors';
const DATA = /(?:\.(?:jsonl|ndjson|json|csv|tsv)(?:\.gz|\.zst)?|\.parquet|\.arrow|^README\.md)$/i;

/**
 * @param include patterns (glob.ts); of a model, these are fetched besides its text files, in place of its weights
 * Throws INPUT_INVALID where nothing is left to fetch, saying what there is.
 */
export function chooseFiles(
  kind: RepoKind,
  files: readonly RepoFile[],
  include: readonly string[],
): readonly RepoFile[] {
  const safe = files.filter(({ path }) => !RUNS_CODE.test(path));
  const named = safe.filter(({ path }) => include.some((pattern) => matches(pattern, path)));
  if (include.length > 0 && named.length === 0) throw nothingNamed(files, include);
  if (kind === 'dataset') return dataFiles(include.length > 0 ? named : safe, files);
  const text = safe.filter(({ path }) => MODEL_TEXT.test(path));
  const weights =
    include.length > 0 ? named.filter((file) => !text.includes(file)) : modelWeights(safe, files);
  return [...text, ...weights];
}

function modelWeights(safe: readonly RepoFile[], files: readonly RepoFile[]): readonly RepoFile[] {
  const whole = safe.some(({ path }) => path === WHOLE);
  const weights = safe.filter(({ path }) => path === ADAPTER || (whole ? path === WHOLE : SHARDS.test(path)));
  if (weights.length > 0) return weights;
  const ggufs = safe.filter(({ path }) => path.endsWith('.gguf'));
  if (ggufs.length === 1) return ggufs;
  if (ggufs.length > 1) {
    throw invalid(
      `the repository has ${ggufs.length} GGUF files: which one is meant?`,
      `Name one with --include, such as: ${listed(ggufs)}.`,
    );
  }
  const pickled = files.filter(({ path }) => RUNS_CODE.test(path) && /\.(?:bin|pt|pth|ckpt)$/i.test(path));
  throw invalid(
    pickled.length === 0
      ? 'the repository has no weights that are known here (safetensors or GGUF)'
      : `the repository has its weights as Python pickles only (${listed(pickled)}), which run code when they are loaded`,
    'Choose a repository with safetensors or GGUF files, or name files with --include.',
  );
}

function dataFiles(chosen: readonly RepoFile[], files: readonly RepoFile[]): readonly RepoFile[] {
  const data = chosen.filter(({ path }) => DATA.test(path));
  if (data.some(({ path }) => path !== 'README.md')) return data;
  throw invalid(
    'the repository has no data files that are known here (JSON lines, CSV, Parquet, Arrow)',
    `It has: ${listed(files)}.`,
  );
}

function nothingNamed(files: readonly RepoFile[], include: readonly string[]): ReptraceError {
  const dangerous = files.filter(({ path }) => include.some((pattern) => matches(pattern, path)));
  return dangerous.length > 0
    ? invalid(
        `--include names only files that are never fetched, since they may run code: ${listed(dangerous)}`,
        'Name safetensors, GGUF or data files.',
      )
    : invalid(`no file of the repository matches ${include.join(' or ')}`, `It has: ${listed(files)}.`);
}

function listed(files: readonly RepoFile[]): string {
  const names = files.slice(0, 8).map(({ path }) => JSON.stringify(path.slice(0, 200)));
  return `${names.join(', ')}${files.length > 8 ? `, and ${files.length - 8} more` : ''}`;
}

function invalid(message: string, remedy: string): ReptraceError {
  return new ReptraceError('INPUT_INVALID', message, remedy);
}
