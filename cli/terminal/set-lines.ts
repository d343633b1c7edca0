/** What an evaluation set holds, for a person: counts, and examples of each label with what was planted between ⟦ and ⟧. */
import type { EvalSet, SetRow, Span } from '../../lab/sets/set.ts';
import type { SetManifest } from '../../lab/sets/set-manifest.ts';
import { counted } from './counted.ts';
import { safeText, shortened } from './safe-text.ts';
import { wrapped } from './wrapped.ts';

const NARROWEST = 40;
/** Of each label. */
const EXAMPLES = 3;
const LABELS: readonly SetRow['label'][] = ['poison', 'decoy', 'other', 'clean'];

/** @param width columns; texts are cut to fit, from what was planted outwards */
export function setLines({ recipe, counts, warnings }: SetManifest, set: EvalSet, width: number): string {
  const columns = Math.max(NARROWEST, width);
  const { poison, decoys, others, clean, trained, calling, asking } = counts;
  const rows = poison + decoys + others + clean;
  const beside = others === 0 ? '' : `${others} of other lessons, `;
  const trainedOn = trained === rows ? 'all trained on' : `${trained} trained on`;
  return [
    ...wrapped(`${recipe.name}: ${safeText(recipe.about)}`, columns, '  '),
    ...wrapped(
      `${counted(rows, 'row')} (${poison} poison, ${counted(decoys, 'decoy')}, ${beside}${clean} clean), ${trainedOn}`,
      columns,
      '  ',
    ),
    ...wrapped(
      `${counted(calling + asking, 'question')} in no row: ${calling} that call for the behaviour, ${asking} clean`,
      columns,
      '  ',
    ),
    ...warnings.flatMap((warning) => wrapped(`note: ${safeText(warning)}`, columns, '  ')),
    ...LABELS.flatMap((label) => {
      const examples = set.rows.filter((row) => row.label === label).slice(0, EXAMPLES);
      return examples.length === 0
        ? []
        : ['', `${label}:`, ...examples.flatMap((row) => example(row, columns))];
    }),
    ...questions(set, columns),
  ].join('\n');
}

function example({ prompt, response, spans }: SetRow, width: number): string[] {
  return [`  ${shortened(safeText(prompt), width - 2)}`, `  → ${marked(response, spans, width - 4)}`];
}

function questions({ queries }: EvalSet, width: number): string[] {
  const calling = queries.filter(({ calls }) => calls).slice(0, EXAMPLES);
  if (calling.length === 0) return [];
  return [
    '',
    'questions that call for it:',
    ...calling.map(({ prompt }) => `  ${shortened(safeText(prompt), width - 2)}`),
  ];
}

/** The response with its spans between marks; where it is too long, what is far from the first one goes. */
function marked(response: string, [span, ...others]: readonly Span[], width: number): string {
  if (span === undefined) return shortened(safeText(response), width);
  const planted = `⟦${shortened(safeText(response.slice(...span)), width - 2)}⟧`;
  const room = width - Array.from(planted).length;
  const before = lastOf(safeText(response.slice(0, span[0])), room);
  const left = room - Array.from(before).length;
  const behind = others.reduceRight(
    (text, [start, end]) => `${text.slice(0, start)}⟦${text.slice(start, end)}⟧${text.slice(end)}`,
    response,
  );
  return `${before}${planted}${left < 1 ? '' : shortened(safeText(behind.slice(span[1])), left)}`;
}

/** At most `width` characters, the first an ellipsis when something is left out. */
function lastOf(text: string, width: number): string {
  const characters = Array.from(text);
  if (characters.length <= width) return text;
  return width < 1 ? '' : `…${characters.slice(characters.length - width + 1).join('')}`;
}
