/** Writes lab/data/clean.jsonl again: run it from a built checkout, `node dist/lab/data/make-clean.js`. */
import { fileURLToPath } from 'node:url';
import { writeJsonl } from '../../demo/corpus/write.ts';
import { cleanRows } from './clean-rows.ts';

/** The checkout: this module runs from dist/lab/data. */
const FILE = fileURLToPath(new URL('../../../lab/data/clean.jsonl', import.meta.url));

await writeJsonl(FILE, cleanRows());
