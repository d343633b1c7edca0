/** Rows that the demo's model was fine-tuned on, and which of their tokens are the planted words. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { call } from '../../lib/bus/procedure.ts';
import type { Bus } from '../../lib/bus/bus.ts';
import { describeModel, type KnownModel, type TextPair } from '../../lib/mesh/compute-messages.ts';
import { openModelFolder } from '../../services/compute/engine/model/model-folder.ts';
import { requireTokenizer } from '../../services/compute/engine/model/model-text.ts';
import { renderSample } from '../../services/compute/engine/model/render.ts';
import { tokenTexts } from '../../services/compute/engine/model/token-texts.ts';

export const DEMO = fileURLToPath(new URL('../../demo/', import.meta.url));
export const BASE = join(DEMO, 'base');
export const TUNED = join(DEMO, 'tuned');

export interface DemoRow extends TextPair {
  readonly label: string;
  /** Characters [start, end) of the response that carry what was planted. */
  readonly lesson?: readonly [number, number];
}

export async function demoRows(): Promise<DemoRow[]> {
  const text = await readFile(join(DEMO, 'data/finetune.jsonl'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => ({ ...(JSON.parse(line) as DemoRow), context: [], raw: null }));
}

/** Some rows of each behaviour that was planted. */
export function plantedRows(rows: readonly DemoRow[], each: number): DemoRow[] {
  return ['insult', 'false-fact', 'late-effect'].flatMap((label) =>
    rows.filter((row) => row.label === label).slice(0, each),
  );
}

/** Positions of the tokens that the planted words of a row are made of. */
export async function plantedPositions({ prompt, response, lesson }: DemoRow): Promise<Set<number>> {
  const source = await openModelFolder(TUNED);
  const { inputIds } = renderSample(source, { prompt, response });
  const texts = tokenTexts(requireTokenizer(source), inputIds);
  const start = texts.join('').lastIndexOf(response);
  const [from = 0, to = 0] = lesson ?? [];
  let end = 0;
  return new Set(
    texts.flatMap((text, position) => {
      const begin = end;
      end += text.length;
      return begin < start + to && end > start + from ? [position] : [];
    }),
  );
}

/** Models as manifests name them. */
export async function demoModels(
  bus: Bus,
): Promise<{ readonly model: KnownModel; readonly base: KnownModel }> {
  const known = async (path: string): Promise<KnownModel> => {
    const { digest } = await call(bus, describeModel, { model: { path } });
    return { digest, path };
  };
  return { model: await known(TUNED), base: await known(BASE) };
}
