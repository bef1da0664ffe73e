# Sourced by run, test and parloir, which set `here`: finds or installs what the project runs on. Any Node from 20 on, with npm, is enough to
# begin with; the Node 24 that the project needs comes with its packages.

say_and_stop() {
  printf '%s\n' "$@" >&2
  exit 1
}

# Whether a Node is 24.20 or newer: find_node's own test.
is_new_enough() {
  "$1" -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 24 || (major === 24 && minor >= 20) ? 0 : 1)' 2>/dev/null
}

# Prints the path of the Node to use.
find_node() {
  local own="$1/node_modules/.bin/node" machine
  if [ -x "$own" ] && is_new_enough "$own"; then
    printf '%s\n' "$own"
    return
  fi
  if machine="$(command -v node)" && is_new_enough "$machine"; then
    printf '%s\n' "$machine"
    return
  fi
  if [ ! -d "$1/node_modules" ]; then
    say_and_stop "The packages of this installation are missing. Run ./run once, or: npm ci"
  fi
  say_and_stop "Node 24.20 or newer is needed, and the project's own does not run on this machine ($(uname -sm))." \
    "Install Node 24 from your system or from nodejs.org, and try again."
}

# Where Node keeps what it made of the sources: half a second less at each start, and 35 MiB less memory. systemd names a folder for
# it (CacheDirectory=); else it is the installation's own. Where it cannot be written, nothing is kept.
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-${CACHE_DIRECTORY:-$here/node_modules/.cache}/node}"

# Two threads do all the work: memory of its own for each of them is enough (glibc; 3 MiB less at the start, and less that lies idle later).
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-2}"

# Installs the packages where they are missing or older than the lock file. $2: further options of npm ci.
install_packages() {
  local stamp="$1/node_modules/.package-lock.json"
  if [ -e "$stamp" ] && [ ! "$1/package-lock.json" -nt "$stamp" ]; then
    return
  fi
  if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
    say_and_stop "Node (20 or newer) and npm are needed to begin with. On Debian 13, Ubuntu 25.04 or newer:" \
      "  sudo apt-get install nodejs npm" "Elsewhere: nodejs.org"
  fi
  if ! node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)'; then
    say_and_stop "This machine's Node is $(node --version); 20 or newer is needed to install the packages." \
      "Install a newer one, from nodejs.org for instance."
  fi
  echo "Installing packages (npm ci), a minute the first time ..." >&2
  if ! npm_install "$1" ${2:-}; then
    say_and_stop "" "npm could not install the packages; its message is above. If it speaks of the network, check the" \
      "connection or the proxy (npm config get proxy) and run this again."
  fi
  touch "$stamp"
}

# npm ci refuses a lock file that lacks packages of other platforms, as one has that was made with a registry which does not
# carry them. What the lock file does name is installed as it says, then, too.
npm_install() {
  local said outcome=0
  said="$(cd "$1" && npm ci --no-progress --loglevel=error ${2:-} 2>&1)" || outcome=$?
  if [ "$outcome" != 0 ] && [[ "$said" == *EUSAGE* ]]; then
    outcome=0
    said="$(cd "$1" && npm install --no-save --no-progress --loglevel=error ${2:-} 2>&1)" || outcome=$?
  fi
  [ "$outcome" = 0 ] || printf '%s\n' "$said" >&2
  return "$outcome"
}
