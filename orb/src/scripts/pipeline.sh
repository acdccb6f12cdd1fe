#!/usr/bin/env bash
# Runs pipeline with what the orb was given, by LOCKSTEP_COMMAND, LOCKSTEP_ARGUMENTS (one a line) and LOCKSTEP_PACKAGE.
set -euo pipefail
if [ "${CIRCLE_NODE_TOTAL:-1}" != 1 ]; then
  echo "Leave parallelism at 1: every node of the job would run pipeline" >&2
  exit 2
fi
# An empty parameter may come as this text.
package=${LOCKSTEP_PACKAGE:-}
if [ "$package" = '<nil>' ]; then package=; fi
arguments=("${LOCKSTEP_COMMAND:-advance}")
while IFS= read -r line; do
  if [ -n "$line" ] && [ "$line" != '<nil>' ]; then arguments+=("$line"); fi
done <<< "${LOCKSTEP_ARGUMENTS:-}"
# exec lets a signal reach Lockstep itself.
if [ -z "$package" ]; then exec npx --no lockstep "${arguments[@]}"; fi
# npm would look for a file in the folder that it installs into.
case $package in ./* | ../*) package=$PWD/$package ;; esac
place=$(mktemp -d)
npm install --prefix "$place" --no-save --ignore-scripts --no-audit --no-fund -- "$package" >&2
exec "$place/node_modules/.bin/lockstep" "${arguments[@]}"
