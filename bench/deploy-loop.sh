#!/usr/bin/env bash
# A deploy as teams write it in a CI: curl, jq and loops that ask every second. It knows no lock, no gate and no log.
set -euo pipefail
commit=$1 staging=$2 production=$3
api() {
  curl --silent --show-error --fail --header "Authorization: Bearer $HEROKU_API_KEY" \
    --header 'Accept: application/vnd.heroku+json; version=3' --header 'Content-Type: application/json' "$@"
}
until_it_is() { # WANTED PATH FIELD
  until [ "$(api "$HEROKU_API_URL$2" | jq --raw-output "$3")" = "$1" ]; do sleep 1; done
}
until_it_answers() { # URL
  until [ "$(curl --silent --output /dev/null --dump-header - "$1" | grep --ignore-case --count "x-revision: $commit")" = 1 ]; do
    sleep 1
  done
}

source=$(api --request POST "$HEROKU_API_URL/sources")
git archive --format=tar.gz "$commit" | curl --silent --show-error --fail --upload-file - \
  --header 'Content-Type:' "$(jq --raw-output .source_blob.put_url <<<"$source")"
blob=$(jq --raw-output .source_blob.get_url <<<"$source")
build=$(api --data "{\"source_blob\":{\"url\":\"$blob\",\"version\":\"$commit\"}}" \
  "$HEROKU_API_URL/apps/acme-staging/builds" | jq --raw-output .id)
until_it_is succeeded "/apps/acme-staging/builds/$build" .status
until_it_answers "$staging"

app() { api "$HEROKU_API_URL/apps/$1" | jq --raw-output .id; }
pipeline=$(api "$HEROKU_API_URL/apps/acme-staging/pipeline-couplings" | jq --raw-output .pipeline.id)
promotion=$(api --data "{\"pipeline\":{\"id\":\"$pipeline\"},\"source\":{\"app\":{\"id\":\"$(app acme-staging)\"}},
  \"targets\":[{\"app\":{\"id\":\"$(app acme-production)\"}}]}" "$HEROKU_API_URL/pipeline-promotions" | jq --raw-output .id)
until_it_is completed "/pipeline-promotions/$promotion" .status
until_it_answers "$production"
