/**
 * A command that names an option it does not know before those it misses: of `--nme x` in the place of `--name x` the first
 * is what is wrong.
 */
import { Command } from 'commander';

export class StrictCommand extends Command {
  override parseOptions(argv: string[]): ReturnType<Command['parseOptions']> {
    const parsed = super.parseOptions(argv);
    // What is left over is an unknown option or a wish for help: either ends the command, whatever else is missing.
    if (parsed.unknown.length > 0) for (const option of this.options) option.makeOptionMandatory(false);
    return parsed;
  }
}
