# Saves the data view, the search and the dashboard in Kibana, over what has their ids. It may run again at any time. The password
# is no argument and isn't printed.
set -euo pipefail
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf 'user = "%s:%s"\n' "$USERNAME" "$(<"$PASSWORD")" >"$work/login"

while true; do
  rm -f "$work/answer"
  # A field of a form, and a header that Kibana wants of whoever is no browser:
  # elastic.co/docs/api/doc/kibana/operation/operation-post-saved-objects-import
  status=$(curl --config "$work/login" --silent --show-error --max-time 60 --request POST --header 'kbn-xsrf: true' \
    --form "file=@$OBJECTS;type=application/x-ndjson" --output "$work/answer" --write-out '%{http_code}' \
    "$URL/api/saved_objects/_import?overwrite=true" || true)
  answer=
  if [[ -e $work/answer ]]; then answer=$(<"$work/answer"); fi
  if [[ $status == 200 && $answer == *'"success":true'* ]]; then break; fi
  # These don't get better by waiting; 200 without success says which object is refused.
  case $status in
    200 | 400 | 403 | 404 | 413 | 415) give_up=yes ;;
    *) give_up= ;;
  esac
  if [[ -n $give_up ]] || ((SECONDS >= DEADLINE)); then
    echo "import: $status after $SECONDS seconds: ${answer:0:2000}" >&2
    exit 1
  fi
  sleep 2
done
echo "everything is imported"
