/**
 * Training rows: JSON lines, each `{"text"}` (loss on every token) or `{"prompt","response"}` (loss on the response), turned
 * into token sequences. Every bad row is reported with its line; none is skipped silently.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { reasonOf, ReptraceError } from '../../../../lib/errors.ts';
import type { TokenSequence } from '../model/batch.ts';
import { renderSample, renderText, type TextModel } from '../model/render.ts';

export interface TrainingData {
  readonly sequences: readonly TokenSequence[];
  /** SHA-256 of the file. */
  readonly digest: string;
  /** Rows that lost their tail to `maxTokens`. */
  readonly truncated: number;
}

/** Bad rows that an error names; the rest are counted. */
const NAMED_ROWS = 5;

/** Throws DATASET_INVALID, naming the first bad rows, or saying that the file is absent or empty. */
export async function readTrainingData(
  path: string,
  model: TextModel,
  maxTokens?: number,
): Promise<TrainingData> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw invalid(`the training data ${path} cannot be read: ${reasonOf(error)}`, 'Name a JSON lines file.');
  });
  const sequences: TokenSequence[] = [];
  const bad: string[] = [];
  let truncated = 0;
  for (const [index, line] of bytes.toString('utf8').split('\n').entries()) {
    if (line.trim() === '') continue;
    try {
      const row = parseRow(line);
      const sequence =
        'text' in row ? textSequence(model, row.text, maxTokens) : sampleSequence(model, row, maxTokens);
      if (sequence.truncated) truncated += 1;
      sequences.push(sequence);
    } catch (error) {
      bad.push(`line ${index + 1}: ${reasonOf(error)}`);
    }
  }
  if (bad.length > 0) {
    const more = bad.length > NAMED_ROWS ? `; and ${bad.length - NAMED_ROWS} more` : '';
    throw invalid(
      `${path} has bad rows: ${bad.slice(0, NAMED_ROWS).join('; ')}${more}`,
      'Mend or remove these rows.',
    );
  }
  if (sequences.length === 0) throw invalid(`${path} has no rows`, 'Give it at least one row.');
  return { sequences, digest: createHash('sha256').update(bytes).digest('hex'), truncated };
}

type Row = { readonly text: string } | { readonly prompt: string; readonly response: string };

function parseRow(line: string): Row {
  const value: unknown = JSON.parse(line);
  if (typeof value === 'object' && value !== null) {
    if ('text' in value && typeof value.text === 'string') return { text: value.text };
    if ('prompt' in value && 'response' in value) {
      const { prompt, response } = value;
      if (typeof prompt === 'string' && typeof response === 'string') return { prompt, response };
    }
  }
  throw new Error('neither {"text"} nor {"prompt","response"} with strings');
}

interface Rendered extends TokenSequence {
  readonly truncated: boolean;
}

function textSequence(model: TextModel, text: string, maxTokens = model.config.maxPositions): Rendered {
  const ids = renderText(model, text);
  if (ids.length < 2) throw new Error('the text has no token to predict');
  return { inputIds: ids.slice(0, maxTokens), promptLength: 1, truncated: ids.length > maxTokens };
}

function sampleSequence(
  model: TextModel,
  row: { prompt: string; response: string },
  maxTokens?: number,
): Rendered {
  return renderSample(model, { ...row, ...(maxTokens === undefined ? {} : { maxTokens }) });
}

function invalid(message: string, remedy: string): ReptraceError {
  return new ReptraceError('DATASET_INVALID', message, remedy);
}
