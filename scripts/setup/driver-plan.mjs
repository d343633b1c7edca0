// Decides how a machine without a WebGPU adapter gets one: which packages, from where, or what its owner is to do.
// Pure: the facts come in (machine.mjs), a plan goes out, and adapter.mjs carries it out.
import { hasSuite, siblingSource } from './apt-sources.mjs';

/** Mesa's software Vulkan driver (llvmpipe), and the loader that Dawn opens. */
export const PACKAGES = ['mesa-vulkan-drivers', 'libvulkan1'];

/** The file that holds a source we add. */
export const SOURCE_FILE = '/etc/apt/sources.list.d/reptrace-backports.sources';

/** What the `webgpu` package's binaries are linked against. */
const OLDEST_GLIBC = [2, 34];

/** Debian 12's own Mesa 22.3 lacks a Vulkan feature that Dawn insists on; the backport has it. */
const TOO_OLD = { id: 'debian', codename: 'bookworm', release: 'bookworm-backports' };

/** What to type elsewhere, by ID or ID_LIKE of os-release. */
const COMMANDS = {
  debian: `sudo apt-get install ${PACKAGES.join(' ')}`,
  fedora: 'sudo dnf install mesa-vulkan-drivers vulkan-loader',
  arch: 'sudo pacman -S vulkan-swrast vulkan-icd-loader',
  suse: 'sudo zypper install libvulkan_lvp libvulkan1',
};

/** What to do about the missing adapter on this machine. */
export function driverPlan(machine) {
  if (machine.platform !== 'linux') return manual(adviceOutsideLinux(machine.platform));
  const libc = libcTrouble(machine.glibc);
  if (libc !== undefined) return manual(libc);
  const { ID: id } = machine.osRelease;
  // Derivatives are left alone: their suites are their own, and so is the choice to change such a system.
  if (id !== 'debian' && id !== 'ubuntu') return manual(adviceForLinux(machine.osRelease));
  return aptPlan(machine);
}

function aptPlan({ osRelease, aptSources }) {
  const { id, codename, release } = TOO_OLD;
  if (osRelease.ID !== id || osRelease.VERSION_CODENAME !== codename) return { kind: 'apt' };
  if (hasSuite(aptSources, release)) return { kind: 'apt', release };
  const sourceText = siblingSource(aptSources, codename, release);
  if (sourceText !== undefined) return { kind: 'apt', release, sourceText };
  return manual(
    `This system's own Mesa is too old, and /etc/apt names no source for ${codename} from which to take that of ` +
      `${release}. Add ${release} to the package sources, then run this again.`,
  );
}

const manual = (advice) => ({ kind: 'manual', advice });

/** Why no driver would help here, or undefined. */
function libcTrouble(glibc) {
  const needs = `the webgpu package's binaries need glibc ${OLDEST_GLIBC.join('.')} or later`;
  const remedy = 'Use Debian 12, Ubuntu 22.04 or anything later, or a container of one of them.';
  if (glibc === undefined) return `This Linux has no glibc (Alpine's musl?), and ${needs}. ${remedy}`;
  const [major = 0, minor = 0] = glibc.split('.').map(Number);
  const enough = major > OLDEST_GLIBC[0] || (major === OLDEST_GLIBC[0] && minor >= OLDEST_GLIBC[1]);
  return enough ? undefined : `This Linux has glibc ${glibc}, and ${needs}. ${remedy}`;
}

function adviceForLinux({ ID = '', ID_LIKE = '', PRETTY_NAME = 'this Linux' }) {
  const families = [ID, ...ID_LIKE.split(' ')].map((name) => (name.includes('suse') ? 'suse' : name));
  const command = families.map((name) => COMMANDS[name]).find((known) => known !== undefined);
  const what = `Install a Vulkan driver (Mesa 23.1 or later; a software one will do) and the Vulkan loader`;
  return command === undefined ? `${what} on ${PRETTY_NAME}.` : `${what}. On ${PRETTY_NAME}:\n    ${command}`;
}

function adviceOutsideLinux(platform) {
  if (platform === 'darwin') {
    return 'macOS brings its own adapter (Metal); a virtual machine without a GPU has none. Run this on the Mac itself.';
  }
  if (platform === 'win32') {
    return "Windows brings its own adapter (Direct3D 12); install the graphics card's current driver.";
  }
  return `The webgpu package has no binaries for ${platform}. Use Linux, macOS or Windows.`;
}

/** An apt plan as commands, for running and for showing alike; all need root. */
export function aptCommands({ release }) {
  const target = release === undefined ? [] : ['-t', release];
  return {
    update: ['apt-get', 'update'],
    install: ['apt-get', 'install', '-y', '--no-install-recommends', ...target, ...PACKAGES],
  };
}

/** What someone with root is to type, for one who has not. */
export function aptInstructions(plan) {
  const { update, install } = aptCommands(plan);
  const addSource =
    plan.sourceText === undefined
      ? []
      : [`sudo tee ${SOURCE_FILE} <<'END'`, ...plan.sourceText.trimEnd().split('\n'), 'END'];
  const lines = [...addSource, `sudo ${update.join(' ')}`, `sudo ${install.join(' ')}`];
  // Not indented: a here-document ends only at an END in the first column.
  return lines.join('\n');
}
