#!/bin/sh
# Runs every example against a service of its own; see README.md.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=${HONGNIANG:?"set HONGNIANG to the built program"}
work=$(mktemp -d)
service=
trap 'if [ -n "$service" ]; then kill "$service" 2>/dev/null || true; fi; rm -rf "$work"' EXIT

echo "— the service"
"$program" --data-dir "$work/state" demo --once >"$work/demo.txt"
HONGNIANG_KEY=$("$program" --data-dir "$work/state" keys create --holder 示例门户 --purpose 示例 --days 1 \
    --scopes needs:read,needs:write,experts:read,matches:run,imports:write --json | sed -n 's/.*"token": *"\([^"]*\)".*/\1/p')
export HONGNIANG_KEY
"$program" --data-dir "$work/state" serve --bind 127.0.0.1:0 >"$work/serve.txt" 2>"$work/log.txt" &
service=$!
for _ in $(seq 100); do
    HONGNIANG_URL=$(sed -n 's/.*\(http:\/\/127\.0\.0\.1:[0-9]*\).*/\1/p' "$work/serve.txt" | head -n 1)
    [ -z "$HONGNIANG_URL" ] || break
    sleep 0.2
done
export HONGNIANG_URL

# Every example is to print who could answer the need, with a reason.
expect() {
    grep -q 'need-[0-9]' "$1" && grep -q '双方都提到' "$1" || { echo "not what was expected:"; cat "$1"; exit 1; }
    echo "ok"
}

echo "— the document"
REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true npx --yes @redocly/cli@2 lint --format=summary "$here/../openapi/openapi.json"

echo "— curl"
sh "$here/curl/pairing.sh" >"$work/curl.txt"
expect "$work/curl.txt"

echo "— Python"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'openapi-python-client==0.29.*'
(cd "$work" && venv/bin/openapi-python-client generate --path "$here/../openapi/openapi.json" --config "$here/python/generator.yaml")
"$work/venv/bin/pip" install --quiet "$work/hongniang-client"
"$work/venv/bin/python" "$here/python/pairing.py" >"$work/python.txt"
expect "$work/python.txt"
printf '外部编号,技术需求名称,手机\nLZ-1,激光焊接气孔控制,13800001234\nLZ-2,焊缝在线检测,138\n' >"$work/needs.csv"
"$work/venv/bin/python" "$here/python/importing.py" "$work/needs.csv" >"$work/importing.txt"
grep -q '新增 1，修改 0，未变 0，不合格 1' "$work/importing.txt" && grep -q '第 3 行 手机' "$work/importing.txt" || { cat "$work/importing.txt"; exit 1; }
echo "ok"

echo "— TypeScript"
cp -r "$here/typescript" "$work/typescript"
cd "$work/typescript"
npm install --silent --no-audit --no-fund
npx openapi-typescript "$here/../openapi/openapi.json" -o api.d.ts
npx tsc
node build/pairing.js >"$work/typescript.txt"
expect "$work/typescript.txt"
