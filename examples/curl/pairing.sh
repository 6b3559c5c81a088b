#!/bin/sh
# 登记一项技术需求，打印与它匹配的专家（JSON）。
set -eu
url=${HONGNIANG_URL:-http://127.0.0.1:8080}
key=${HONGNIANG_KEY:?请先设置 HONGNIANG_KEY}

# --config - 从标准输入读取请求头：写在命令行里的密钥会被同一台机器上的其他人看到。
call() {
    printf 'header = "Authorization: Bearer %s"\n' "$key" |
        curl --silent --show-error --fail-with-body --config - "$@"
}

# 重试时带同一个 Idempotency-Key，需求不会登记两次。
need=$(call "$url/api/v1/needs" \
    --header 'Content-Type: application/json' \
    --header "Idempotency-Key: pairing-$$-$(date +%s)" \
    --data '{"title": "方形铝壳锂离子电池激光焊接气孔控制", "region": "安徽省滁州市", "description": "焊缝气孔率偏高，希望降到千分之三以下，节拍不低于 12 ppm。"}')
id=$(printf '%s' "$need" | sed -n 's/.*"id":"\(need-[0-9]*\)".*/\1/p')
echo "已登记：$id"
call "$url/api/v1/needs/$id/matches?target=experts&limit=3"
echo
