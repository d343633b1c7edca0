/**
 * A model's config from the metadata of a GGUF file. Its architecture (architectures/) puts them into Hugging Face's words,
 * and the parser of config.json checks them, so that the same limits hold. A key of the architecture that is not known is
 * refused: it may change what the model computes.
 * Keys: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md and gguf-py's constants.py.
 */
import { ReptraceError } from '../../../../../lib/errors.ts';
import type { Fields } from '../config-fields.ts';
import { parseModelConfig, type ModelConfig } from '../model-config.ts';
import { quoteName } from '../safetensors.ts';
import type { Architecture } from './architectures/architecture.ts';
import { ARCHITECTURES } from './architectures/architectures.ts';
import type { GgufHeader } from './gguf-header.ts';
import { GgufMetadata, shown } from './gguf-metadata.ts';

/** Rotary factors by which longrope scales, for short and long contexts. */
const LONGROPE_FACTORS = ['rope_factors_long.weight', 'rope_factors_short.weight'];

/** Throws CONFIG_UNSUPPORTED, naming the architecture, where it is not known. */
export function architectureOf(file: string, { metadata }: Pick<GgufHeader, 'metadata'>): Architecture {
  const name = metadata.get('general.architecture');
  const found = ARCHITECTURES.find((architecture) => architecture.name === name);
  if (found !== undefined) return found;
  const known = ARCHITECTURES.map((architecture) => architecture.name).join(', ');
  throw new ReptraceError(
    'CONFIG_UNSUPPORTED',
    `${file}: general.architecture ${shown(name)} is not implemented.`,
    `Implemented architectures: ${known}.`,
  );
}

/**
 * Also gives the config.json that it is read from. Throws CONFIG_UNSUPPORTED or CONFIG_INVALID, naming the key or tensor.
 */
export function ggufConfig(
  file: string,
  header: GgufHeader,
  architecture: Architecture,
): { readonly config: ModelConfig; readonly json: Fields } {
  const metadata = new GgufMetadata(file, architecture.name, header);
  refuseOthers(metadata, architecture);
  const fields = Object.entries(architecture.fields(metadata)).filter(([, value]) => value !== undefined);
  const json = Object.fromEntries(fields);
  try {
    return { config: parseModelConfig(json), json };
  } catch (error) {
    if (!(error instanceof ReptraceError)) throw error;
    const what = error.message.replace(/^config\.json: /, '');
    const remedy = 'Download or convert the file again, or use another model.';
    throw new ReptraceError(error.code, `The metadata of ${file}, as a config: ${what}`, remedy, {
      cause: error,
    });
  }
}

function refuseOthers(metadata: GgufMetadata, { keys, neutral }: Architecture): void {
  const parts = metadata.any('split.count') ?? 0;
  if (parts !== 0 && parts !== 1) {
    throw metadata.unsupported(
      `a model split into ${shown(parts)} files`,
      'Join the files, with llama.cpp’s llama-gguf-split --merge.',
    );
  }
  for (const tensor of LONGROPE_FACTORS) {
    if (metadata.has(tensor)) throw metadata.unsupported(`rotary scaling "longrope" (${tensor})`);
  }
  for (const [key, value] of metadata.own()) {
    if (keys.includes(key)) continue;
    const harmless = Object.hasOwn(neutral, key) ? neutral[key] : undefined;
    if (harmless === 'any' || harmless?.includes(value) === true) continue;
    throw metadata.unsupported(`${quoteName(metadata.nameOf(key))} ${shown(value)}`);
  }
}
