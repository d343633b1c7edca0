// Types of apt-sources.mjs, for the TypeScript that imports it.

/** One stanza of a `.sources` file, or one line of a `.list` file. */
export interface AptSource {
  /** `deb`, `deb-src`. */
  readonly types: readonly string[];
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Every other field, by its deb822 name in lower case: `signed-by`, ... */
  readonly options: Readonly<Record<string, string>>;
}

export function parseDeb822(text: string): AptSource[];
export function parseOneLine(text: string): AptSource[];
export function hasSuite(sources: readonly AptSource[], suite: string): boolean;
export function siblingSource(
  sources: readonly AptSource[],
  suite: string,
  sibling: string,
): string | undefined;
