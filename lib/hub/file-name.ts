/**
 * Names of files as a hub lists them. They come from whoever made the repository and become paths on this machine: only
 * plain relative ones are taken, by the rules of every system at once, so that a cache can be moved.
 */

const MAX_LENGTH = 1024;
const MAX_PART = 255;
const MAX_DEPTH = 16;
/** Control characters, and what separates folders, drives or streams on some system. */
const FORBIDDEN = /[\p{Cc}\\:]/u;

/** Whether `name` stays below the folder that it is joined to, whatever it holds. */
export function isSafeFile(name: string): boolean {
  if (name.length > MAX_LENGTH || FORBIDDEN.test(name)) return false;
  const parts = name.split('/');
  return parts.length <= MAX_DEPTH && parts.every(isSafePart);
}

function isSafePart(part: string): boolean {
  return part !== '' && part !== '.' && part !== '..' && Buffer.byteLength(part) <= MAX_PART;
}
