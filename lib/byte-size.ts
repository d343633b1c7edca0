/** Amounts of memory as people write them: 512MiB, 2GiB, 1500000; and as they read them. */

const UNITS: Readonly<Record<string, number>> = {
  ...{ '': 1, b: 1 },
  ...{ kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 },
  ...{ kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40 },
};

/** A number without a unit that is less than this is one whose unit was forgotten: nobody counts so little in bytes. */
const LEAST_WITHOUT_UNIT = 2 ** 20;

/** Whole bytes, at least one, and 1 MiB without a unit; undefined for what is no such amount. */
export function parseByteSize(text: string): number | undefined {
  const [, number = '', unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  const factor = Object.hasOwn(UNITS, unit.toLowerCase()) ? UNITS[unit.toLowerCase()] : undefined;
  const bytes = number === '' || factor === undefined ? NaN : Math.floor(Number(number) * factor);
  const least = unit === '' ? LEAST_WITHOUT_UNIT : 1;
  return Number.isSafeInteger(bytes) && bytes >= least ? bytes : undefined;
}

/** The amount that a small number without a unit may have meant: "8" -> "8GiB"; undefined for any other text. */
export function withLikelyUnit(text: string): string | undefined {
  const number = /^\s*(\d+(?:\.\d+)?)\s*$/.exec(text)?.[1];
  const value = Number(number ?? NaN);
  if (number === undefined || value === 0 || value >= LEAST_WITHOUT_UNIT) return undefined;
  // More GiB than a GPU has are MiB, and more of those kB.
  return `${number}${value <= 256 ? 'GiB' : value <= 2 ** 18 ? 'MiB' : 'kB'}`;
}

/** For a person: 8 GiB, 5.3 MiB; whole bytes below 1 KiB. */
export function byteSizeText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [shown, unit] = [bytes, 0];
  while (shown >= (unit === 0 ? 1024 : 1023.95) && unit < units.length - 1)
    [shown, unit] = [shown / 1024, unit + 1];
  return `${Number(shown.toFixed(1))} ${units[unit] ?? ''}`;
}
