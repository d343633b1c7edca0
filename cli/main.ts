#!/usr/bin/env node
/** The `reptrace` command: results on stdout, progress and errors on stderr, exit code 0 only on success. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { convertCommand } from './commands/convert.ts';
import { doctorCommand } from './commands/doctor.ts';
import { evaluateCommand } from './commands/evaluate.ts';
import { generateCommand } from './commands/generate.ts';
import { indexCommand } from './commands/index-command.ts';
import { makeEvalCommand } from './commands/make-eval.ts';
import { pullCommand } from './commands/pull.ts';
import { serveCommand } from './commands/serve.ts';
import { signatureCommand } from './commands/signature.ts';
import { taughtCommand } from './commands/taught.ts';
import { tokensCommand } from './commands/tokens.ts';
import { traceCommand } from './commands/trace.ts';
import { trainCommand } from './commands/train.ts';
import { upCommand } from './commands/up.ts';
import { reportFailure } from './failure.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('reptrace')
  .description('Which training samples, and which phrases in them, taught a language model to say that?')
  .version(version)
  .showHelpAfterError()
  .addCommand(doctorCommand())
  .addCommand(upCommand())
  .addCommand(serveCommand())
  .addCommand(pullCommand())
  .addCommand(indexCommand())
  .addCommand(traceCommand())
  .addCommand(taughtCommand())
  .addCommand(signatureCommand())
  .addCommand(tokensCommand())
  .addCommand(generateCommand())
  .addCommand(convertCommand())
  .addCommand(trainCommand())
  .addCommand(makeEvalCommand())
  .addCommand(evaluateCommand());

try {
  await program.parseAsync();
} catch (error) {
  reportFailure(error);
  process.exitCode = 1;
}
