#!/bin/sh
# Lets schemathesis ask the running service whatever its OpenAPI document allows, and much that it does not, with keys of every kind.
#
#   HONGNIANG=target/release/hongniang tests/schemathesis/run.sh
#
# TOOLS names a folder in which the tool stays installed; without it, it is installed anew each time. SEED draws other cases, EXAMPLES more. SCOPES=each asks with
# a key of each single scope besides, EXAMPLES_OF_SCOPE more of each.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=${HONGNIANG:?"set HONGNIANG to the built program"}
program=$(cd "$(dirname "$program")" && pwd)/$(basename "$program")
seed=${SEED:-20240601}
work=$(mktemp -d)
tools=${TOOLS:-$work}/schemathesis-4.32
service=
stop() { if [ -n "$service" ]; then kill "$service" 2>/dev/null || true; wait "$service" 2>/dev/null || true; service=; fi; }
trap 'stop; rm -rf "$work"' EXIT

if [ ! -x "$tools/bin/schemathesis" ]; then
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet 'schemathesis==4.32.*'
fi

# The tool asks as fast as it can.
export HONGNIANG_LIMITS_REQUESTS_PER_SECOND=0 HONGNIANG_LIMITS_REFUSED_PER_MINUTE=0
"$program" --data-dir "$work/demo" demo --once >"$work/demo.txt"
"$program" --data-dir "$work/demo" rematch >"$work/rematch.txt"
make_key() { "$program" --data-dir "$work/demo" keys create --days 1 --purpose 检验 "$@" --json | sed -n 's/.*"token": *"\([^"]*\)".*/\1/p'; }
# Keys to be revoked.
for number in 1 2 3; do make_key --holder "待撤销$number" --scopes needs:read >/dev/null; done
admin=$(make_key --holder 管理员 --all)
reader=$(make_key --holder 只读 --scopes needs:read,enterprises:read,experts:read,stations:read,achievements:read,societies:read)
region=$(make_key --holder 滁州 --region 滁州市 --all)

# One check is left out, use_after_free: DELETE withdraws a record and revokes a key, and both stay to be read, as their descriptions say.
#
# A campaign of all needs takes longer than the ten seconds for which the tool would wait, on a machine that has other work.
#
# Each caller finds the registries as they were in the beginning.
ask() {
    echo "— $1"
    cp -r "$work/demo" "$work/state"
    # The address of the service before would be read where this one is not begun yet.
    rm -f "$work/serve.txt"
    "$program" --data-dir "$work/state" --log warn serve --bind 127.0.0.1:0 >"$work/serve.txt" 2>"$work/log.txt" &
    service=$!
    url=
    for _ in $(seq 100); do
        url=$(sed -n 's/.*\(http:\/\/127\.0\.0\.1:[0-9]*\).*/\1/p' "$work/serve.txt" 2>/dev/null | head -n 1)
        [ -z "$url" ] || break
        sleep 0.2
    done
    caller=$1 key=$2
    # The key in the header is hn_{number}_{secret}.
    asking=key-$(echo "$key" | cut -d_ -f2)
    set --
    [ -z "$key" ] || set -- --header "Authorization: Bearer $key"
    # Cases are kept nowhere: the same seed asks the same again.
    (cd "$work" && ASKING_KEY="$asking" SCHEMATHESIS_HOOKS="$here/hooks.py" "$tools/bin/schemathesis" --config-file "$here/schemathesis.toml" \
        run "$url/openapi.json" --checks all --exclude-checks use_after_free --seed "$seed" --max-examples "${EXAMPLES:-10}" --generation-database none \
        --request-timeout 60 --max-response-time 60 --phases "$phases" \
        --continue-on-failure --no-color "$@") >"$work/$caller.txt" 2>&1 || { cat "$work/$caller.txt" "$work/log.txt"; exit 1; }
    grep -A1 'Test cases:' "$work/$caller.txt"
    stop
    rm -rf "$work/state"
}

phases=examples,coverage,fuzzing,stateful
ask administrator "$admin"
ask reader "$reader"
ask region "$region"
ask stranger ""

# SCOPES=each asks with a key of each single scope besides: whether what it opens is whole without the others, and all else refused as the document says. What a
# body or a parameter may be was asked above, so a few cases of each operation will do.
[ "${SCOPES:-}" = each ] || exit 0
EXAMPLES=${EXAMPLES_OF_SCOPE:-1}
phases=examples,fuzzing
"$program" openapi | python3 -c 'import json, sys; print("\n".join(json.load(sys.stdin)["components"]["schemas"]["Scope"]["enum"]))' >"$work/scopes.txt"
while read -r scope <&3; do
    ask "$scope" "$(make_key --holder "只有$scope" --scopes "$scope")"
done 3<"$work/scopes.txt"
