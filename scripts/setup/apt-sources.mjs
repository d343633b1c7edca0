// Reads apt's package sources, in both of its formats (deb822 `.sources` and one-line `.list`), and derives from
// one of them the source of a sibling suite at the same mirror. Pure: text in, text out.

/** One-line options whose deb822 name is not the same. */
const LONG_NAMES = { arch: 'architectures', lang: 'languages', target: 'targets' };

/** The enabled stanzas of a `.sources` file. */
export function parseDeb822(text) {
  const lines = text.split(/\r?\n/).filter((line) => !line.startsWith('#'));
  return lines
    .join('\n')
    .split(/\n\s*\n/)
    .map(stanzaFields)
    .filter(({ types, enabled = 'yes' }) => types !== undefined && !/^(no|false|0)$/i.test(enabled.trim()))
    .map(({ types, uris = '', suites = '', components = '', ...options }) => ({
      types: words(types),
      uris: words(uris),
      suites: words(suites),
      components: words(components),
      options,
    }));
}

/** Field names in lower case; a value keeps its continuation lines, since Signed-By may hold a whole key. */
function stanzaFields(stanza) {
  const fields = {};
  let name;
  for (const line of stanza.split('\n')) {
    const field = /^([^\s:]+):\s*(.*)$/.exec(line);
    if (field) {
      name = field[1].toLowerCase();
      fields[name] = field[2].trimEnd();
    } else if (name !== undefined && /^\s+\S/.test(line)) {
      fields[name] += `\n${line.trimEnd()}`;
    }
  }
  return fields;
}

/** The lines of a `sources.list` or `.list` file that are not commented out. */
export function parseOneLine(text) {
  return text.split(/\r?\n/).flatMap((line) => {
    const parts = /^\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)([^#]*)/.exec(line);
    if (parts === null) return [];
    const [, type, options = '', uri, suite, components] = parts;
    return [
      {
        types: [type],
        uris: [uri],
        suites: [suite],
        components: words(components),
        options: Object.fromEntries(words(options).map(oneLineOption)),
      },
    ];
  });
}

function oneLineOption(option) {
  const [name, ...value] = option.split('=');
  const short = name.toLowerCase();
  return [LONG_NAMES[short] ?? short, value.join('=').replaceAll(',', ' ')];
}

const words = (text) => text.split(/\s+/).filter((word) => word !== '');

/** Do these sources hold the suite's binary packages? */
export function hasSuite(sources, suite) {
  return sources.some(({ types, suites }) => types.includes('deb') && suites.includes(suite));
}

/**
 * The text of a `.sources` file for `sibling`, at the mirror (and with the key and options) that these sources use
 * for `suite`; undefined where none of them has it.
 */
export function siblingSource(sources, suite, sibling) {
  const base = sources.find(
    ({ types, suites, components }) =>
      types.includes('deb') && suites.includes(suite) && components.includes('main'),
  );
  if (base === undefined) return undefined;
  const fields = {
    types: 'deb',
    uris: base.uris.join(' '),
    suites: sibling,
    components: 'main',
    ...base.options,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${titleCase(name)}: ${value}`);
  return `# Added by reptrace's set-up: a Mesa new enough for WebGPU.\n${lines.join('\n')}\n`;
}

/** apt takes any case; people read `Signed-By` and `URIs`. */
function titleCase(name) {
  if (name === 'uris') return 'URIs';
  return name.replace(/\b[a-z]/g, (letter) => letter.toUpperCase());
}
