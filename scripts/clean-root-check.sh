#!/usr/bin/env bash
# Runs `npm test` twice in a fresh Debian or Ubuntu root, to see that the set-up alone makes the tests pass there.
#
#   scripts/clean-root-check.sh SUITE MIRROR [FOLDER]
#
#   SUITE   bookworm, trixie, ...; MIRROR  the URL that debootstrap takes it from
#   FOLDER  where the roots go (default: a folder under /tmp); FOLDER/SUITE.base is kept and used again
#
# Environment (all optional):
#   COPY      files of this machine's network set-up that the root needs too (certificates, npm's settings)
#   NPM       folder of another npm than this machine's, to test with that
#   SOURCES   a file to use as the root's package sources in place of debootstrap's one-line sources.list
#   AS_USER   set to run as an ordinary user without sudo: the set-up must then say what to type, and fail
#   COMMAND   what to run in place of `npm test` twice
#
# Needs root, debootstrap, and Node in /usr/bin or the like. The checkout's uncommitted files are taken along.
# /proc and /dev are mounted in a mount namespace of its own, so that nothing stays mounted whatever happens.
set -euo pipefail

suite=${1:?SUITE} mirror=${2:?MIRROR} folder=${3:-/tmp/reptrace-clean-root}
repo=$(cd "$(dirname "$0")/.." && pwd)
base=$folder/$suite.base root=$folder/$suite
node=$(readlink -f "$(command -v node)")
npm=${NPM:-$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")}

mkdir -p "$folder"
if [[ ! -e $base/etc/os-release ]]; then
  debootstrap --variant=minbase --include=ca-certificates,git,python3-minimal "$suite" "$base" "$mirror"
fi
rm -rf --one-file-system "$root"
cp -a "$base" "$root"

# Node and npm as this machine has them, and nothing else of it but what COPY names.
install -D "$node" "$root/usr/bin/node"
mkdir -p "$root/usr/lib/node_modules"
cp -a "$npm" "$root/usr/lib/node_modules/npm"
for name in npm npx; do ln -s "../lib/node_modules/npm/bin/$name-cli.js" "$root/usr/bin/$name"; done
for file in /etc/resolv.conf /etc/hosts ${COPY:-}; do
  mkdir -p "$root$(dirname "$file")"
  cp -L "$file" "$root$file"
done
if [[ -n ${SOURCES:-} ]]; then
  rm "$root/etc/apt/sources.list"
  cp "$SOURCES" "$root/etc/apt/sources.list.d/"
fi

# A fresh clone, and over it what is not committed yet.
git clone --quiet --no-hardlinks "$repo" "$root/reptrace"
(cd "$repo" && git ls-files -z --cached --others --exclude-standard | tar -c --null -T - --ignore-failed-read) |
  tar -x -C "$root/reptrace"

# The measured values that tests compare with lie beside the checkout, where there are any.
if [[ -d $repo/../shared ]]; then cp -r "$repo/../shared" "$root/shared"; fi

run=${COMMAND:-npm test && npm test}
if [[ -n ${AS_USER:-} ]]; then
  chroot "$root" useradd --create-home tester
  chown -R --reference="$root/home/tester" "$root/reptrace"
  if [[ -e $root/root/.npmrc ]]; then install -m 644 "$root/root/.npmrc" "$root/home/tester/.npmrc"; fi
  enter=(setpriv --reuid=tester --regid=tester --init-groups env HOME=/home/tester)
else
  enter=(env HOME=/root)
fi

# shellcheck disable=SC2016 # expanded by the inner shell
unshare --mount bash -c '
  mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" || exit 1
  exec chroot "$1" "${@:3}" bash -c "cd /reptrace && $2"
' - "$root" "$run" "${enter[@]}" </dev/null
