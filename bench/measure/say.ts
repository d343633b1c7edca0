/** What a benchmark prints: its tables to stdout, what it is at to stderr. */

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function progress(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}
