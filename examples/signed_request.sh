#!/bin/sh
# Sends one signed request (RFC 9421) with openssl and curl:
#
#   openssl genpkey -algorithm ed25519 -out private.pem
#   openssl pkey -in private.pem -pubout -out public.pem
#   enrich-stream keys create --organisation acme --public-key public.pem
#
#   signed_request.sh KEY-ID private.pem POST http://127.0.0.1:8000 /api/enrichments body.json import-7
#   signed_request.sh KEY-ID private.pem GET http://127.0.0.1:8000 '/api/enrichments/op_…?include=items'
set -eu
id=$1 private=$2 method=$3 server=$4 target=$5 body=${6:-} again=${7:-}

path=${target%%\?*}
query=${target#"$path"}
covered='"@method" "@path" "@query"'
signed="\"@method\": $method
\"@path\": $path
\"@query\": ${query:-?}
"
set -- -X "$method"
if [ "$method" = POST ]; then
    digest="sha-256=:$(openssl dgst -sha256 -binary "$body" | base64):"
    covered="$covered \"content-digest\" \"idempotency-key\""
    signed="$signed\"content-digest\": $digest
\"idempotency-key\": $again
"
    set -- "$@" -H "Content-Digest: $digest" -H "Idempotency-Key: $again" \
        -H 'Content-Type: application/json' --data-binary "@$body"
fi
input="($covered);created=$(date +%s);keyid=\"$id\";alg=\"ed25519\""

# openssl signs files, not pipes.
text=$(mktemp)
trap 'rm -f "$text"' EXIT
printf '%s"@signature-params": %s' "$signed" "$input" > "$text"
signature=$(openssl pkeyutl -sign -rawin -inkey "$private" -in "$text" | base64 -w 0)

curl -s "$@" -H "Signature-Input: sig=$input" -H "Signature: sig=:$signature:" "$server$target"
