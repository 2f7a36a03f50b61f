#!/usr/bin/env bash
# Gets the tools that BotStream's tests and demo run beside it, on Debian 12 or newer:
#   nats-server 2.10 or newer   into .cache/tools/bin; nothing of the system is changed
#   nats-py                     Python's client of NATS, for the documentation's examples: into .cache/tools/python
#   cc, openssl, sipp, espeak-ng  from the system's own packages, when missing; openssl makes the keys of shared databases
# only with --test: a carrier, and stock bots, which the tests have called
#   kamailio                    into .cache/tools
#   pipecat                     the serializers of PyPI's pipecat-ai: into .cache/tools/pipecat
#   jambonz                     npm's @jambonz/sdk: into .cache/tools/jambonz; node and npm from the system's packages, when missing
# only with --bench: what IraTDB is measured against
#   redis-server                into .cache/tools
#
# usage: scripts/install-tools.sh [--check | --test | --bench]
#   --check   installs nothing; prints a line for each tool, "name<TAB>found|missing<TAB>version or hint<TAB>path",
#             and ends with 1 if one is missing
#   --test    installs kamailio and the stock bots, too
#   --bench   installs only what `make bench-iratdb` needs: nats-server and redis-server
#
# nats-server is looked for in $NATS_SERVER_BIN, in .cache/tools/bin and on PATH, and else fetched as the Debian 13 package
# (Debian 12's 2.9 is too old for JetStream clients of today; the newer binary runs on Debian 12). apt fetches it with a
# configuration of its own from the Debian mirror that this machine already uses, and verifies it by the archive's signature.
set -euo pipefail

readonly nats_suite=trixie
readonly nats_version_min=2.10
# The package seen last. Another point version on the mirror is taken by apt's signature, with a notice.
readonly nats_package_version=2.10.27-1+b2
declare -rA nats_package_sha256=(
  [amd64]=6d913ac987b78734c08537c2adeb1526cf735f216173a9170d94b185fcfe6f8a
  [arm64]=0c9a617510b28c1b4fb4a38aabea6ab8cd7f026247f2abdff8b955b2278ce049
)

readonly kamailio_suite=bookworm
readonly kamailio_package_version=5.6.3-2
declare -rA kamailio_package_sha256=([amd64]=1fb43079b3d7e5f575e3ca7b3252239bb4df335a410464fdd39a9d1dfdf28a33)

readonly nats_py_version=2.16.0
readonly nats_py_sha256=aeb1ff123966c05833d26c7df7e1d54c1c6d32b612428b21677a2e921f1fecae
# Debian 12's Redis wherever this runs, so that figures compare. The package redis-tools holds the server, too; the others are
# its libraries.
readonly redis_suite=bookworm
readonly -a redis_packages=(redis-tools libjemalloc2 liblzf1)
declare -rA redis_package_version=([redis-tools]=5:7.0.15-1~deb12u7 [libjemalloc2]=5.3.0-1 [liblzf1]=3.6-3)
declare -rA redis_package_sha256=(
  [redis-tools/amd64]=3c8cd27847c6a06b6f6c29e7415a9057462a89661e3a8e2eb8dd5b2d7830bb40
  [libjemalloc2/amd64]=a4117c23c5c8acf6c9678a6cb086f000b79476369da7efe8a78a70826956ad3d
  [liblzf1/amd64]=9854b0866201b63e04f1e446f45f01ef4a6f72c61f2250b75f944f6046cc7e8c
  [redis-tools/arm64]=a25bf48365275f484203e35932a5105b40ac5d90fa873473b1c608918c777588
  [libjemalloc2/arm64]=866eba7688ec5cbb98200a05540c4909df6320557371b634b5d394cd32b9f252
  [liblzf1/arm64]=7bd48f5f5e3cacd0e8e46f943c6cc71bc10e2f0d62d2f5cac926dbae7d7b0beb
)

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root
readonly bin_dir=$root/.cache/tools/bin
readonly python=$root/.cache/tools/python/bin/python
work_dir=

say() { printf '%s\n' "$*" >&2; }
die() {
  say "install-tools: $*"
  exit 1
}
clean_up() { [[ -z $work_dir ]] || rm -rf "$work_dir"; }
trap clean_up EXIT

# Prints the version of the nats-server at $1, nothing when it does not run.
nats_version_of() {
  "$1" --version 2>/dev/null | sed -n 's/^nats-server: v\{0,1\}\([0-9][0-9.]*\).*/\1/p' || true
}

# Whether version $1 is at least version $2.
at_least() { [[ $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]; }

# Prints the path of a nats-server that is new enough.
find_nats_server() {
  local candidate version
  for candidate in "${NATS_SERVER_BIN:-}" "$bin_dir/nats-server" "$(command -v nats-server || true)"; do
    [[ -n $candidate && -x $candidate ]] || continue
    version=$(nats_version_of "$candidate")
    if [[ -n $version ]] && at_least "$version" "$nats_version_min"; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  return 1
}

# Prints "URI<TAB>keyring" of the first Debian archive among this machine's apt sources, in either of their two formats.
# Archives beside the main one (security, backports' own hosts, other vendors) are told by their suites and components.
find_debian_mirror() {
  local codename
  codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
  local -a lists=() stanzas=()
  local file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    [[ -f $file && -r $file ]] || continue
    case $file in
      *.list) lists+=("$file") ;;
      *.sources) stanzas+=("$file") ;;
    esac
  done
  {
    if ((${#stanzas[@]})); then
      awk -v codename="$codename" '
        function flush() {
          if (types ~ /(^| )deb( |$)/ && enabled != "no" && components ~ /(^| )main( |$)/ && index(" " suites " ", " " codename " "))
            print uri "\t" keyring
          types = uri = suites = components = keyring = enabled = ""
        }
        FNR == 1 { flush() }
        /^[ \t]*#/ { next }
        /^[ \t]*$/ { flush(); next }
        {
          value = $0
          if (/^[A-Za-z-]+:/) {
            key = tolower($1); sub(/:.*/, "", key); sub(/^[^:]*:/, "", value)
          } else {  # a line that goes on
            value = (key == "suites" ? suites : key == "components" ? components : "") value
          }
          gsub(/^[ \t]+|[ \t]+$/, "", value)
          if (value == "") next
          if (key == "types") types = value
          else if (key == "uris") { split(value, uris, /[ \t]+/); uri = uris[1] }
          else if (key == "suites") suites = value
          else if (key == "components") components = value
          else if (key == "signed-by" && value ~ /^\//) keyring = value
          else if (key == "enabled") enabled = tolower(value)
        }
        END { flush() }
      ' "${stanzas[@]}"
    fi
    if ((${#lists[@]})); then
      awk -v codename="$codename" '
        $1 == "deb" {
          keyring = ""; at = 2
          if ($2 ~ /^\[/) {
            while (at <= NF) {
              option = $at; gsub(/[][]/, "", option)
              if (option ~ /^signed-by=\//) { keyring = option; sub(/^signed-by=/, "", keyring) }
              if ($at ~ /\]$/) break
              at++
            }
            at++
          }
          if ($(at + 1) == codename)
            for (i = at + 2; i <= NF; i++) if ($i == "main") { print $at "\t" keyring; break }
        }
      ' "${lists[@]}"
    fi
  } | sed -n '1p'
}

# The archive's whole keyring before the one that the machine's sources name, which may know only its own release's keys.
archive_keyring() {
  local candidate
  for candidate in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp} "$1"; do
    if [[ -n $candidate && -r $candidate ]]; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  die "no keyring of the Debian archive is here: install the package debian-archive-keyring"
}

# Makes an apt with a configuration of its own, for one suite of this machine's Debian mirror: sets the caller's `apt` and
# `architecture`, and $work_dir. The second argument says what to do instead where there is no Debian.
private_apt() {
  local suite=$1 instead=$2
  command -v apt-get >/dev/null && command -v dpkg >/dev/null || die "this is no Debian: $instead"

  local mirror uri keyring
  mirror=$(find_debian_mirror)
  [[ -n $mirror ]] || die "no Debian archive among this machine's apt sources: $instead"
  uri=${mirror%%$'\t'*}
  keyring=$(archive_keyring "${mirror#*$'\t'}")
  architecture=$(dpkg --print-architecture)

  # World-readable, because apt drops its privileges to fetch.
  clean_up
  work_dir=$(mktemp -d)
  chmod 755 "$work_dir"
  mkdir -p "$work_dir"/{lists/partial,cache/archives/partial,etc/sources.list.d,etc/preferences.d,deb}
  : >"$work_dir/status"
  printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$uri" "$suite" >"$work_dir/etc/sources.list"
  apt=(
    apt-get -qq
    -o "Dir::State=$work_dir" -o "Dir::State::Lists=$work_dir/lists" -o "Dir::State::status=$work_dir/status"
    -o "Dir::Cache=$work_dir/cache"
    -o "Dir::Etc::sourcelist=$work_dir/etc/sources.list" -o "Dir::Etc::sourceparts=$work_dir/etc/sources.list.d"
    -o "Dir::Etc::preferences=/dev/null" -o "Dir::Etc::preferencesparts=$work_dir/etc/preferences.d"
    -o "APT::Architecture=$architecture" -o "APT::Architectures=$architecture"
    -o "Acquire::Languages=none" -o "Acquire::Retries=3"
    -o "APT::Update::Post-Invoke::=" -o "APT::Update::Post-Invoke-Success::="
    -o "DPkg::Post-Invoke::="
  )
  # Run as root, apt would fetch as a user of its own that may not write into a private folder.
  [[ $(id -u) -ne 0 ]] || apt+=(-o "APT::Sandbox::User=root")
  "${apt[@]}" update >&2 || die "apt could not read the Debian archive: look at the lines above"
}

# Fetches a package by the caller's `apt` and unpacks it: fetch_package NAME LAST_SEEN_VERSION ITS_SHA256 DIRECTORY
fetch_package() {
  local package=$1 last_seen=$2 expected=$3 directory=$4 deb have actual
  (cd "$work_dir/deb" && "${apt[@]}" download "$package" >&2) ||
    die "apt could not fetch $package: look at the lines above"
  deb=$(find "$work_dir/deb" -name "${package}_*.deb" -print -quit)
  [[ -n $deb ]] || die "apt fetched no package $package"
  have=$(dpkg-deb --field "$deb" Version)
  if [[ $have == "$last_seen" ]]; then
    actual=$(sha256sum "$deb" | cut -d ' ' -f 1)
    if [[ -n $expected && $actual != "$expected" ]]; then
      die "$package $have has the checksum $actual, expected $expected: not installed"
    fi
  else
    say "install-tools: notice: the mirror has $package $have, last seen was $last_seen; taken by the archive's signature"
  fi
  dpkg-deb --extract "$deb" "$directory"
}

redis_version_of() {
  "$1" --version 2>/dev/null | sed -n 's/.*server v=\([0-9][0-9.]*\).*/\1/p' || true
}

# Prints the path of a redis-server that runs.
find_redis_server() {
  local candidate
  for candidate in "${REDIS_SERVER_BIN:-}" "$bin_dir/redis-server" "$(command -v redis-server || true)"; do
    [[ -n $candidate && -x $candidate && -n $(redis_version_of "$candidate") ]] || continue
    printf '%s\n' "$candidate"
    return 0
  done
  return 1
}

install_redis_server() {
  say "install-tools: fetching redis-server from this machine's Debian mirror"
  local -a apt=()
  local architecture package redis=$root/.cache/tools/redis
  private_apt "$redis_suite" "install Redis yourself and set REDIS_SERVER_BIN"
  for package in "${redis_packages[@]}"; do
    fetch_package "$package" "${redis_package_version[$package]}" \
      "${redis_package_sha256[$package/$architecture]:-}" "$work_dir/redis"
  done
  # One program under several names; by this one it is the server.
  rm -rf "$redis"
  mkdir -p "$redis/lib" "$bin_dir"
  install -m 755 "$work_dir/redis/usr/bin/redis-check-rdb" "$redis/redis-server"
  find "$work_dir/redis/usr/lib" -name '*.so.*' -exec cp --no-dereference -t "$redis/lib" {} +
  cat >"$bin_dir/.redis-server.$$" <<'EOF'
#!/bin/sh
# Redis with its own libraries, which the system need not have.
redis=$(dirname "$(readlink -f "$0")")/../redis
export LD_LIBRARY_PATH="$redis/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
exec "$redis/redis-server" "$@"
EOF
  chmod 755 "$bin_dir/.redis-server.$$"
  mv -f "$bin_dir/.redis-server.$$" "$bin_dir/redis-server"
  local version
  version=$(redis_version_of "$bin_dir/redis-server")
  [[ -n $version ]] || die "the fetched redis-server does not run on this machine: install Redis yourself and set REDIS_SERVER_BIN"
  say "install-tools: redis-server $version is in ${bin_dir#"$root"/}"
}

find_kamailio() {
  local candidate
  for candidate in "${KAMAILIO_BIN:-}" "$bin_dir/kamailio" "$(command -v kamailio || true)"; do
    [[ -n $candidate && -x $candidate ]] && "$candidate" -v >/dev/null 2>&1 || continue
    printf '%s\n' "$candidate"
    return 0
  done
  return 1
}

install_kamailio() {
  say "install-tools: fetching kamailio from this machine's Debian mirror"
  local -a apt=()
  local architecture kamailio=$root/.cache/tools/kamailio
  private_apt "$kamailio_suite" "install kamailio yourself and set KAMAILIO_BIN"
  fetch_package kamailio "$kamailio_package_version" "${kamailio_package_sha256[$architecture]:-}" "$work_dir/kamailio"
  rm -rf "$kamailio"
  mkdir -p "$kamailio" "$bin_dir"
  install -m 755 "$work_dir/kamailio/usr/sbin/kamailio" "$kamailio/kamailio"
  cp -r "$work_dir"/kamailio/usr/lib/*/kamailio "$kamailio/lib"
  cat >"$bin_dir/.kamailio.$$" <<'EOS'
#!/bin/sh
# kamailio with its own libraries and modules, which the system need not have.
kamailio=$(dirname "$(readlink -f "$0")")/../kamailio
export LD_LIBRARY_PATH="$kamailio/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
exec "$kamailio/kamailio" -L "$kamailio/lib/modules" "$@"
EOS
  chmod 755 "$bin_dir/.kamailio.$$"
  mv -f "$bin_dir/.kamailio.$$" "$bin_dir/kamailio"
  "$bin_dir/kamailio" -v >/dev/null || die "the fetched kamailio does not run on this machine: install kamailio yourself and set KAMAILIO_BIN"
  say "install-tools: kamailio is in ${bin_dir#"$root"/}"
}

install_nats_server() {
  say "install-tools: fetching nats-server from this machine's Debian mirror"
  local -a apt=()
  local architecture binary version
  private_apt "$nats_suite" "install nats-server $nats_version_min or newer yourself and set NATS_SERVER_BIN"
  fetch_package nats-server "$nats_package_version" "${nats_package_sha256[$architecture]:-}" "$work_dir/nats"

  binary=$(find "$work_dir/nats" -type f -name nats-server -perm -u+x -print -quit)
  [[ -n $binary ]] || die "the package nats-server holds no nats-server"
  version=$(nats_version_of "$binary")
  [[ -n $version ]] || die "the fetched nats-server does not run on this machine"
  at_least "$version" "$nats_version_min" || die "the mirror's nats-server is $version, needed is $nats_version_min or newer"

  mkdir -p "$bin_dir"
  # Renamed into place: who looks at the same time sees all of it or nothing.
  install -m 755 "$binary" "$bin_dir/.nats-server.$$"
  mv -f "$bin_dir/.nats-server.$$" "$bin_dir/nats-server"
  say "install-tools: nats-server $version is in ${bin_dir#"$root"/}"
}

nats_py_version() { "$python" -c 'import importlib.metadata as m; print(m.version("nats-py"))' 2>/dev/null; }

install_nats_py() {
  # Debian keeps what venv needs in a package of its own.
  python3 -c 'import venv, ensurepip' 2>/dev/null || install_packages python3-venv
  say "install-tools: installing nats-py $nats_py_version"
  python3 -m venv --clear "$root/.cache/tools/python" || die "python3 -m venv failed: look at the lines above"
  printf 'nats-py==%s --hash=sha256:%s\n' "$nats_py_version" "$nats_py_sha256" |
    "$python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: -r /dev/stdin >&2 ||
    die "pip could not install nats-py: look at the lines above"
}

readonly pipecat=$root/.cache/tools/pipecat
readonly pipecat_requirements=$root/scripts/pipecat-requirements.txt
# What was installed is remembered with the list that it was installed from: another list installs anew.
pipecat_is_installed() { [[ -x $pipecat/bin/python ]] && cmp -s "$pipecat_requirements" "$pipecat/requirements.txt"; }

install_pipecat() {
  python3 -c 'import venv, ensurepip' 2>/dev/null || install_packages python3-venv
  say "install-tools: installing Pipecat's serializers"
  rm -rf "$pipecat"
  python3 -m venv "$pipecat" || die "python3 -m venv failed: look at the lines above"
  "$pipecat/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes --only-binary :all: \
    -r "$pipecat_requirements" >&2 || die "pip could not install Pipecat: look at the lines above"
  cp "$pipecat_requirements" "$pipecat/requirements.txt"
}

readonly jambonz=$root/.cache/tools/jambonz
readonly jambonz_lock=$root/scripts/jambonz/package-lock.json
jambonz_is_installed() { [[ -d $jambonz/node_modules ]] && cmp -s "$jambonz_lock" "$jambonz/package-lock.json"; }

install_jambonz() {
  # A machine may have Node.js without npm.
  command -v node >/dev/null || install_packages nodejs npm
  command -v npm >/dev/null || install_packages npm
  say "install-tools: installing jambonz' SDK"
  rm -rf "$jambonz"
  mkdir -p "$jambonz"
  cp "$root"/scripts/jambonz/package{,-lock}.json "$jambonz/"
  (cd "$jambonz" && npm ci --silent --ignore-scripts --no-audit --no-fund >&2) || {
    rm -rf "$jambonz"
    die "npm could not install jambonz' SDK: look at the lines above"
  }
}

# Installs the Debian packages given.
install_packages() {
  command -v apt-get >/dev/null || die "missing: $*. This is no Debian: install them yourself"
  local -a become=()
  if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null || die "missing: $*. Run as root: apt-get install $*"
    become=(sudo)
  fi
  say "install-tools: installing $*"
  local -a install=("${become[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o "Acquire::Retries=3"
    install --yes --no-install-recommends "$@")
  # The package lists of a fresh image are empty or old: bring them up to date once, and only when needed.
  "${install[@]}" >&2 2>/dev/null || {
    "${become[@]}" apt-get -qq update >&2 || say "install-tools: notice: apt-get update had errors"
    "${install[@]}" >&2
  } || die "could not install $*: look at the lines above"
}

# The Debian packages of each program, for those that come from the system.
readonly -a programs=(cc openssl sipp espeak-ng)
declare -rA packages_of=([cc]='gcc libc6-dev' [openssl]=openssl [sipp]=sip-tester [espeak-ng]=espeak-ng)

program_version() {
  case $1 in
    cc) cc -dumpfullversion 2>/dev/null ;;
    openssl) openssl version 2>/dev/null | awk '{ print $2 }' ;;
    sipp) sipp -v 2>&1 | sed -n 's/.*SIPp v\([0-9][0-9.]*\).*/\1/p' | head -n 1 ;;
    espeak-ng) espeak-ng --version 2>/dev/null | sed -n 's/.*text-to-speech: *\([0-9][0-9.]*\).*/\1/p' | head -n 1 ;;
  esac || true
}

check() {
  local missing=0 path program
  if path=$(find_nats_server); then
    printf 'nats-server\tfound\t%s\t%s\n' "$(nats_version_of "$path")" "$path"
  else
    printf 'nats-server\tmissing\trun scripts/install-tools.sh\t\n'
    missing=1
  fi
  if [[ $(nats_py_version) == "$nats_py_version" ]]; then
    printf 'nats-py\tfound\t%s\t%s\n' "$nats_py_version" "$python"
  else
    printf 'nats-py\tmissing\trun scripts/install-tools.sh\t\n'
    missing=1
  fi
  for program in "${programs[@]}"; do
    if path=$(command -v "$program"); then
      printf '%s\tfound\t%s\t%s\n' "$program" "$(program_version "$program")" "$path"
    else
      printf '%s\tmissing\tapt-get install %s\t\n' "$program" "${packages_of[$program]}"
      missing=1
    fi
  done
  return "$missing"
}

main() {
  local bench='' test=''
  case ${1:-} in
    --check)
      check
      return
      ;;
    --test) test=yes ;;
    --bench) bench=yes ;;
    '') ;;
    *) die "unknown argument '$1'; usage: scripts/install-tools.sh [--check | --test | --bench]" ;;
  esac

  # One at a time: two runs of make at once would both fetch.
  mkdir -p "$root/.cache/tools"
  exec 9>"$root/.cache/tools/.lock"
  flock 9

  find_nats_server >/dev/null || install_nats_server
  if [[ -n $bench ]]; then
    find_redis_server >/dev/null || install_redis_server
    return
  fi

  local program
  local -a packages=()
  for program in "${programs[@]}"; do
    # Several packages for one program: split into words.
    # shellcheck disable=SC2206
    command -v "$program" >/dev/null || packages+=(${packages_of[$program]})
  done
  ((${#packages[@]} == 0)) || install_packages "${packages[@]}"
  [[ $(nats_py_version) == "$nats_py_version" ]] || install_nats_py
  if [[ -n $test ]]; then
    find_kamailio >/dev/null || install_kamailio
    pipecat_is_installed || install_pipecat
    jambonz_is_installed || install_jambonz
  fi
}

main "$@"
