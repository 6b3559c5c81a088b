#!/usr/bin/env bash
# What a night costs in which one record in a hundred changed, beside a night that ranks everything, by the product's own commands:
#
#   benches/night.sh DIRECTORY [EXPERTS] [NEEDS]
#
# Registries are generated and imported, a first night is published, one record in a hundred of every registry is edited by an import. Then the same state
# is re-matched twice, each time in a copy of its own: only what changed, and everything (`--full`). Prints processor time (user and system), the ratio, and
# what of both the process itself takes, as a server has dictionaries, indexes and vectors open already; fails if the two nights tell of other changes.
# HONGNIANG names the program, `target/release/hongniang` when it does not.
set -euo pipefail
directory=${1:?a directory to work in}
experts=${2:-20000}
needs=${3:-4000}
program=$(realpath "${HONGNIANG:-target/release/hongniang}")
mkdir -p "$directory"
cd "$directory"
rm -rf before after base incremental full ./*.time ./*.told

registries="experts stations achievements needs"
generated() {
    "$program" generate --experts "$experts" --needs "$needs" --stations $((experts / 20)) --achievements $((experts / 5)) "$@" >/dev/null
}
imported() {
    for registry in $registries; do "$program" import "$registry" "$1/$registry.jsonl" --data-dir base >/dev/null; done
}
# Seconds of processor that a command takes, into a file.
TIMEFORMAT='%U %S %R'
timed() {
    local name=$1
    shift
    { time "$program" "$@" >/dev/null 2>"$name.err"; } 2>"$name.time" || { cat "$name.err" >&2; exit 1; }
}
seconds() { awk '{ printf "%.2f", $1 + $2 }' "$1.time"; }

generated --out before
# The same numbers, other texts.
generated --seed 2 --out after
for registry in $registries; do awk 'NR % 100 == 7' "after/$registry.jsonl" >"after/$registry.part" && mv "after/$registry.part" "after/$registry.jsonl"; done
imported before
timed first rematch --data-dir base --date 2026-02-01
imported after
cp -r base incremental
cp -r base full
timed opening rematch status --data-dir base
timed incremental rematch --data-dir incremental --date 2026-02-02
timed full rematch --data-dir full --date 2026-02-02 --full
for night in incremental full; do "$program" rematch changes --json --data-dir "$night" >"$night.told"; done
cmp incremental.told full.told

echo "$experts experts, $((experts / 20)) stations, $((experts / 5)) achievements, $needs needs; one in a hundred of each changed"
echo "changes of places that both nights tell of, with the same scores: $(wc -l <full.told)"
echo "the first night of an epoch:  $(seconds first) s of processor"
echo "everything (--full):          $(seconds full) s"
echo "only what changed:            $(seconds incremental) s"
echo "opening the program alone:    $(seconds opening) s"
awk -v part="$(seconds incremental)" -v whole="$(seconds full)" -v open="$(seconds opening)" 'BEGIN {
    printf "share: %.1f %% of a full night; %.1f %% without opening the program\n", 100 * part / whole, 100 * (part - open) / (whole - open)
}'
