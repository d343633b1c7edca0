/** From the tensor names of GGUF to those of Hugging Face. */
import { ReptraceError } from '../../../../../lib/errors.ts';
import { quoteName } from '../safetensors.ts';
import type { Architecture } from './architectures/architecture.ts';

/** The factors that llama3's rotary scaling comes as; not a weight. */
export const ROPE_FACTORS = 'rope_freqs.weight';

/** Throws WEIGHTS_INVALID for a name that the architecture does not have. */
export function huggingFaceName(
  file: string,
  { name: architecture, names }: Architecture,
  name: string,
): string {
  const { outer, blocks, inBlock } = names;
  const [, block, part = '', kind = ''] =
    /^(?:blk\.(0|[1-9]\d{0,3})\.)?([a-z_]+)\.(weight|bias)$/.exec(name) ?? [];
  const table = block === undefined ? outer : inBlock;
  const known = Object.hasOwn(table, part) ? table[part] : undefined;
  if (known !== undefined) return `${block === undefined ? '' : `${blocks}.${block}.`}${known}.${kind}`;
  throw new ReptraceError(
    'WEIGHTS_INVALID',
    `${file}: the tensor ${quoteName(name)} has no place in a model of the architecture "${architecture}".`,
    'Convert the model to GGUF again, or use its safetensors.',
  );
}
