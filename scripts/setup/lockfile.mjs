// Does node_modules hold what package-lock.json asks for? Compared with the list that npm itself leaves behind at
// the end of an install (node_modules/.package-lock.json): nothing of ours can go stale, an interrupted install
// leaves no such list, and a tree installed by hand is taken as it is.

/** Compares the two files' contents, for this platform. */
export function isInstalled(wanted, installed, machine) {
  const want = wanted.packages ?? {};
  const have = installed.packages ?? {};
  const missing = Object.entries(want).some(
    // '' is the project itself. Optional packages are those of other platforms.
    ([path, entry]) => path !== '' && !entry.optional && !(path in have),
  );
  const different = Object.entries(have).some(
    ([path, entry]) => !sameRelease(want[path], entry) || !runsOn(entry, machine),
  );
  return !missing && !different;
}

function sameRelease(wanted, installed) {
  return wanted?.version === installed.version && wanted.integrity === installed.integrity;
}

/** False for a node_modules that came from another machine, as through a container's shared folder. */
function runsOn({ os, cpu }, { platform, arch }) {
  return allows(os, platform) && allows(cpu, arch);
}

/** npm's rule for `os` and `cpu`: absent allows all, `!x` refuses x. */
function allows(list, value) {
  if (list === undefined || list.includes(value)) return true;
  return list.every((item) => item.startsWith('!')) && !list.includes(`!${value}`);
}
