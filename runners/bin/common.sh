# Sourced by the scripts beside it: where things are, and how a JVM is started.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
# Under 'env -i' HOME is not set, or it is empty.
[[ -n ${HOME:-} ]] || HOME=$(getent passwd "$EUID" | cut -d: -f6)
export HOME NIGHTJAR_HOME=${NIGHTJAR_HOME:-$HOME/.nightjar}

jar=nightjar-runners-0.1.0-SNAPSHOT

# Flink's and Beam's serializers reflect into these packages on JDK 17 and later.
jvm_opens=(
  --add-opens=java.base/java.lang=ALL-UNNAMED
  --add-opens=java.base/java.util=ALL-UNNAMED
  --add-opens=java.base/java.nio=ALL-UNNAMED
  --add-opens=java.base/java.time=ALL-UNNAMED
  --add-opens=java.base/java.net=ALL-UNNAMED
)

# Prints the major version of a java; 1 before Java 9, 0 if it does not say.
java_version() {
  local major
  major=$("$1" -version 2>&1 | sed -n '1s/[^"]*"\([0-9]*\).*/\1/p')
  echo "${major:-0}"
}

# From JDK 24 on the JVM warns about native libraries and about Beam's use of Unsafe.
quiet_new_jvm() {
  if [[ $(java_version "$java") -ge 24 ]]; then
    jvm_opens+=(--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow)
  fi
}

die() {
  echo "$1" >&2
  exit "${2:-1}"
}

need() {
  command -v "$1" >/dev/null 2>&1 || die "SETUP: $1 is not installed, or not on the PATH ($PATH); $2"
}

# Sets $java: JAVA_HOME's, else the PATH's, else one of the system's that is new enough, for cron's PATH is short.
find_java() {
  # A JVM reads the names of files in its locale's encoding; cron, systemd and containers have none.
  [[ $(locale charmap 2>/dev/null) == UTF-8 ]] || export LC_ALL=C.UTF-8
  local candidate
  for candidate in "${JAVA_HOME:-/nowhere}/bin/java" "$(command -v java || true)"; do
    if [[ -x $candidate ]]; then
      java=$candidate
      return
    fi
  done
  for candidate in /usr/lib/jvm/*/bin/java; do
    if [[ -x $candidate && $(java_version "$candidate") -ge 17 ]]; then
      java=$candidate
      return
    fi
  done
  die "SETUP: no java in JAVA_HOME (${JAVA_HOME:-not set}), on the PATH ($PATH) or in /usr/lib/jvm; install JDK 17 or later (Debian 12: apt-get install openjdk-17-jdk-headless), or set JAVA_HOME"
}

# As root in another user's home directory, every file that is written is one which that user cannot read.
require_own_home() {
  local there=$NIGHTJAR_HOME
  [[ $there == /* ]] || die "OPTION_INVALID: NIGHTJAR_HOME: '$there' is a relative path, which is another database in each directory; give an absolute path" 2
  until [[ -e $there ]]; do there=$(dirname "$there"); done
  if [[ $EUID -eq 0 && ! -O $there ]]; then
    local owner
    owner=$(stat -c %U "$there")
    [[ $owner != UNKNOWN ]] || owner="'#$(stat -c %u "$there")'"
    die "HOME_UNUSABLE: $NIGHTJAR_HOME: belongs to $owner and this is root, whose files $owner could not read; run it as $owner (sudo -u $owner), or set NIGHTJAR_HOME to a directory of root's own"
  fi
}

# What runs reads nothing that a build replaces: every build is put into a directory of its own, and those that
# nothing runs from any more are removed. run_directory says where the newest is.
keep_build() {
  local target=$root/runners/target fresh old
  # No errexit here, for the caller asks whether all went well.
  mkdir -p "$target/run" && fresh=$(mktemp -d "$target/run/XXXXXXXX") && chmod 755 "$fresh" || return 1
  cp --reflink=auto "$target"/lib/*.jar "$target/$jar.jar" "$fresh" || return 1
  if [[ -f $target/$jar-cluster.jar ]]; then
    mkdir "$fresh/cluster" && cp --reflink=auto "$target/$jar-cluster.jar" "$fresh/cluster" || return 1
  fi
  ln -sfn "$(basename "$fresh")" "$target/run/current.new" || return 1
  mv -T "$target/run/current.new" "$target/run/current" || return 1
  [[ -d /proc/self ]] || return 0
  find "$target/run" -mindepth 1 -maxdepth 1 -type d -mmin +10 ! -path "$fresh" | while read -r old; do
    grep -qsF "$old" /proc/[0-9]*/cmdline || rm -rf "$old"
  done
}

run_directory() {
  readlink -f "$root/runners/target/run/current"
}

# All jars, those first that every command needs: the JVM opens each jar up to the one that has a class.
class_path() {
  local path
  path=$(printf '%s:' "$1"/nightjar-*.jar "$1"/picocli-*.jar "$1"/jackson-*.jar)
  echo "$path$1/*"
}

# Sets $jvm_start: what makes a short life shorter. Planning 150 documents took 30 s of processor time with the JVM's
# defaults and 20 without C2's code, which pays from some thousand documents on (2,000 e-mails: 50 s with it, 114 without).
corpus_bytes_small=1000000
quick_start() {
  jvm_start=(-XX:+UseParallelGC)
  case ${1:-} in
    demo | bench | emulator) ;;
    run | submit | collect | plan) [[ $(corpus_bytes "$@") -gt $corpus_bytes_small ]] || jvm_start+=(-XX:TieredStopAtLevel=1) ;;
    *) jvm_start=(-XX:+UseSerialGC -XX:TieredStopAtLevel=1) ;;
  esac
}

# What the files of a command's --corpus come to; as much as there is for patterns of which that is not seen at once.
corpus_bytes() {
  local bytes=0 argument before= found files_max=1000
  for argument; do
    if [[ $before == --corpus || $argument == --corpus=* ]]; then
      argument=${argument#--corpus=}
      found=$(compgen -G "$argument" | head -n $((files_max + 1)) || true)
      if [[ $argument == *'**'* || $argument == *:* || $argument =~ \.(gz|bz2|zst|xz|zip)$ || $(wc -l <<<"$found") -gt $files_max ]]; then
        bytes=$((1 << 60))
      elif [[ -n $found ]]; then
        bytes=$((bytes + $(tr '\n' '\0' <<<"$found" | du -scbL --files0-from=- 2>/dev/null | tail -n 1 | cut -f1)))
      fi
    fi
    before=$argument
  done
  echo "$bytes"
}

# Builds what is asked for if a source is newer than the last build of it.
#   build STAMP MAVEN-ARGUMENT...
build() {
  local stamp=$root/runners/target/$1
  shift
  if [[ -f $stamp && -d $(run_directory) && -z $(find "$root"/pom.xml "$root"/{sql,cachestore,emulator,pipelines,runners} \
      -path '*/target' -prune -o -type f \( -name '*.java' -o -name '*.sql' -o -name '*.csv' -o -name '*.json' \
      -o -name '*.yaml' -o -name 'pom.xml' \) -newer "$stamp" -print -quit) ]]; then
    return
  fi
  need mvn "install Maven (Debian: apt-get install maven)"
  echo "building (only when sources are newer than the last build)" >&2
  # One build at a time: two would write the same target directories.
  mkdir -p "$NIGHTJAR_HOME"
  (
    flock 9
    # A version or a view that is no longer wanted would stay on the class path.
    rm -rf "$root/runners/target/lib" "$root/sql/target/classes"
    cd "$root" && mvn -q -B "$@" install >&2 && keep_build
  ) 9>"$NIGHTJAR_HOME/build.lock" || die "SETUP: the build failed; see the lines above"
  touch "$stamp"
}
