#!/bin/sh
# The full re-match against bm25s (numba) on the same texts, by turns in one run: prints needs a second, processor time, memory and the ratios.
# Ours reads the raw texts through the forms that an import reads, analyses them, and ranks for each need as a night does, reading the need included;
# bm25s is given the same texts segmented already, needs too. Everything it makes lies in a directory of its own:
# benches/peers/night.sh DIRECTORY [EXPERTS]
# The corpus comes from `corpus.sh`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
place=${1:?a directory for the virtual environment and the corpus}
experts=${2:-100000}
mkdir -p "$place/data"
place=$(cd "$place" && pwd)
. "$here/corpus.sh"
segmented_texts
cd "$root"
cargo bench --quiet --locked --workspace --bench night --no-run
exec "$place/venv/bin/python" "$here/night.py" "$place" "$experts"
