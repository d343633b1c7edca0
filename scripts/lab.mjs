// `npm run lab [-- OPTIONS]`: evaluates every recipe of lab/recipes on the demo's base model into .cache/lab. Steps are kept
// there: stopped, it goes on where it was. Options are those of `reptrace evaluate` (--methods taught,bm25-both; --retrain).
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { inRoot, ROOT } from './setup/paths.mjs';

const FOLDER = inRoot('lab', 'recipes');

const recipes = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .sort()
  .map((name) => inRoot('lab', 'recipes', name));

const command = [inRoot('dist', 'cli', 'main.js'), 'evaluate', '--recipe', ...recipes];
const out = inRoot('.cache', 'lab');
const { status } = spawnSync(process.execPath, [...command, '--out', out, ...process.argv.slice(2)], {
  cwd: ROOT,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
