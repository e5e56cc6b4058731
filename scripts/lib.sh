# Shared by the scripts beside it; sourced, never run.

# fail MESSAGE... says in plain words what is missing and what to do, and stops.
fail() {
  printf 'regia: %s\n' "$@" >&2
  exit 1
}

# say MESSAGE... tells what is being done, without getting into a program's output.
say() { printf 'regia: %s\n' "$*" >&2; }

# as_root COMMAND... runs a command as root: directly, or through sudo. Without a terminal
# sudo must not ask for a password: nobody would answer.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif [ -t 0 ]; then
    sudo "$@"
  else
    sudo -n "$@"
  fi
}

# apt_install WHAT PACKAGE... installs Debian packages. WHAT is their name for people.
# The package lists are fetched only when they are older than a day, so several
# scripts in a row fetch them once.
apt_install() {
  local what=$1
  shift
  command -v apt-get >/dev/null ||
    fail "$what is missing, and this system has no apt-get to install it with." \
      "Please install $what by hand and run the command again."
  [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
    fail "$what is missing. Please run as root: apt-get install $*"

  say "installing $what ($*)"
  # The files in there keep their senders' dates; only the folder tells when they came.
  local lists=/var/lib/apt/lists
  if ! compgen -G "$lists/*_Packages*" >/dev/null ||
    [ -z "$(find "$lists/partial" -maxdepth 0 -mmin -1440 2>/dev/null)" ]; then
    as_root apt-get -q -o Acquire::Retries=3 update >&2 ||
      fail "the list of Debian packages could not be fetched (see above), so $what was not installed."
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
    -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 install "$@" >&2 </dev/null ||
    fail "$what could not be installed (see above)." "By hand: apt-get update && apt-get install $*"
}
