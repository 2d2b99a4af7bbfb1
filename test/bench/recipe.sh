#!/usr/bin/env bash
# What operators do without rlctl: read, edit, write, sign, reload, look. It compares nothing, keeps nothing, proves nothing.
# Usage: recipe.sh REDIS_PORT KEY ROUTE RATE BURST API BASE_PATH SECRET_FILE
set -eu
port=$1 key=$2 route=$3 rate=$4 burst=$5 api=$6 base=$7 secret=$8
document=$(redis-cli -p "$port" GET "$key")
edited=$(printf '%s' "${document:-"{}"}" | jq -c --arg route "$route" --argjson rate "$rate" --argjson burst "$burst" \
  '.[$route] = ((.[$route] // {}) + {rate: $rate, burst: $burst})')
printf '%s' "$edited" | redis-cli -p "$port" -x SET "$key" >/dev/null
signature=$(printf '%s' reload | openssl dgst -sha256 -hmac "$(cat "$secret")" | sed 's/^.* //')
curl -sS -X POST -H 'Content-Type: application/json' -H "X-Config-Signature: $signature" -d '{"action": "reload"}' \
  "$api$base/config/reload" | jq -e .ok >/dev/null
curl -sS "$api$base/rate-limit/policy?route=$route&method=GET&bucket=read" | jq -e ".rate_per_min == $rate" >/dev/null
