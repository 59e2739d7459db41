#!/bin/sh
# TypeScript strict, the unit tests, and that web/dist is the sources' own build. Needs Node 20.19 or newer.
set -eu
cd "$(dirname "$0")"
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null || {
    echo "The pages are checked with Node 20.19 or newer, which is not here."
    [ "${CI:-}" = true ] && exit 1
    exit 0
}
npm ci --no-audit --no-fund --silent
npm run --silent check
npm run --silent test
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
npx vite build --outDir "$fresh" --emptyOutDir --logLevel warn
diff -r dist "$fresh" || {
    echo "web/dist is not the build of web/src: run make web and commit it."
    exit 1
}
