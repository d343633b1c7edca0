/** Options that name samples by label, metadata and row, for the commands that take a SampleFilter. */
import { InvalidArgumentError, type Command } from 'commander';

export interface FilterOptions {
  readonly label?: readonly string[];
  readonly notLabel?: readonly string[];
  readonly where?: readonly MetadataCondition[];
  readonly rows?: readonly number[];
}

interface MetadataCondition {
  readonly key: string;
  readonly value: string;
}

/** Adds the options, each of which may be repeated. */
export function filterOptions(command: Command): Command {
  return command
    .option(
      '--label <label>',
      'only samples with this label',
      more<string>((text) => text),
    )
    .option(
      '--not-label <label>',
      'no samples with this label',
      more<string>((text) => text),
    )
    .option('--where <key=value>', 'only samples whose column has this value', more(condition))
    .option('--rows <rows>', 'only samples of these 0-based row numbers, such as 3,5,10-19', rowsOf);
}

/** Undefined when no option was given. Values of one column are alternatives. */
export function sampleFilter({
  label,
  notLabel,
  where,
  rows,
}: FilterOptions): Record<string, unknown> | undefined {
  if (label === undefined && notLabel === undefined && where === undefined && rows === undefined)
    return undefined;
  const keys = [...new Set(where?.map(({ key }) => key))];
  const metadata = keys.map((key) => ({
    key,
    values: where?.filter((one) => one.key === key).map(({ value }) => value),
  }));
  return {
    labels: label,
    withoutLabels: notLabel,
    metadata: where === undefined ? undefined : metadata,
    rows,
  };
}

function more<T>(
  parse: (text: string) => T,
): (text: string, before: readonly T[] | undefined) => readonly T[] {
  return (text, before = []) => [...before, parse(text)];
}

function condition(text: string): MetadataCondition {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('expected COLUMN=VALUE');
  return { key: text.slice(0, at), value: text.slice(at + 1) };
}

const MAX_ROWS = 100_000;

export function rowsOf(text: string): readonly number[] {
  const rows = text.split(',').flatMap((part) => {
    const match = /^\s*(\d+)\s*(?:-\s*(\d+)\s*)?$/.exec(part);
    const first = Number(match?.[1] ?? NaN);
    const last = Number(match?.[2] ?? first);
    if (
      !Number.isSafeInteger(first) ||
      !Number.isSafeInteger(last) ||
      last < first ||
      last - first >= MAX_ROWS
    ) {
      throw new InvalidArgumentError('expected rows such as 3,5,10-19');
    }
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
  if (rows.length > MAX_ROWS) throw new InvalidArgumentError(`expected at most ${MAX_ROWS} rows`);
  return rows;
}
