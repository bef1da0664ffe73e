# Sourced by test: installs the Debian packages that tests with real clients and servers need.

# Installs what is listed in $1 (one package a line, # begins a comment) and not there yet, where that is allowed. The
# services among them are not started: tests start their own, on other ports.
install_debian_packages() {
  local list missing=() name become=()
  [ -e "$1" ] || return 0
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null || return 0
  list="$(sed 's/#.*//' "$1")"
  for name in $list; do
    if [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" != installed ]; then
      missing+=("$name")
    fi
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
      echo "Not allowed to install packages; the tests that need them are skipped: ${missing[*]}" >&2
      return 0
    fi
    become=(sudo -n)
  fi
  echo "Installing Debian packages for tests: ${missing[*]}" >&2
  install_without_starting "${missing[@]}" || echo "Some packages could not be installed; tests that need them are skipped." >&2
}

# Uses `become` of its caller.
install_without_starting() {
  local policy=/usr/sbin/policy-rc.d made=no outcome=0
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${become[@]}" tee "$policy" >/dev/null
    "${become[@]}" chmod 755 "$policy"
    made=yes
  fi
  "${become[@]}" apt-get update -q >/dev/null || true
  "${become[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" >/dev/null || outcome=$?
  [ "$made" = no ] || "${become[@]}" rm -f "$policy"
  return "$outcome"
}
