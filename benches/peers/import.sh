#!/bin/sh
# Takes the same raw texts in with Lucene's CJK pipeline and with our import, by turns, and prints the ratios.
# Everything it makes lies in a directory of its own: benches/peers/import.sh DIRECTORY [EXPERTS [ROUNDS]]
# Lucene and a compiler for its program are Debian's: apt-get install liblucene8-java default-jdk-headless
# The corpus comes from `corpus.sh`. HONGNIANG is a program that is built already.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
place=${1:?a directory for the virtual environment and the corpus}
shift
[ $# -gt 0 ] || set -- 100000
lucene=$(printf '%s:' /usr/share/java/lucene-core-[0-9]*.jar /usr/share/java/lucene-analyzers-common-[0-9]*.jar)
if [ ! -f "${lucene%%:*}" ] || ! command -v javac >/dev/null; then
    echo "Lucene or a compiler for its program is missing: apt-get install liblucene8-java default-jdk-headless" >&2
    exit 1
fi
mkdir -p "$place/data"
place=$(cd "$place" && pwd)
. "$here/corpus.sh"
raw_texts
javac -cp "$lucene" -d "$place" "$here/Import.java"
cd "$root"
[ -n "${HONGNIANG:-}" ] || cargo build --quiet --locked --release
exec python3 "$here/import.py" "${HONGNIANG:-${CARGO_TARGET_DIR:-target}/release/hongniang}" "$lucene$place" "$place" "$@"
