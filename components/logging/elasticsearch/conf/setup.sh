# Gives the users their passwords and roles, and the logs their data stream. It may run again at any time: each request says how
# things are to be, and is repeated until it is answered or the deadline has come. No password is an argument or is printed.
set -euo pipefail
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf 'user = "elastic:%s"\n' "$(<"$PASSWORDS/elastic")" >"$work/login"

# ask METHOD PATH [BODY] leaves the answer in $work/answer and prints its status, 000 for none.
ask() {
  rm -f "$work/answer"
  local body=()
  if [[ -n ${3-} ]]; then body=(--header 'Content-Type: application/json' --data-binary @-); fi
  curl --config "$work/login" --cacert "$CA" --silent --show-error --max-time 30 --request "$1" "${body[@]}" \
    --output "$work/answer" --write-out '%{http_code}' "$URL$2" <<<"${3-}" || true
}

# must METHOD PATH BODY asks until the answer is good.
must() {
  local status
  while true; do
    status=$(ask "$1" "$2" "$3")
    case $status in
      2??) break ;;
      # These don't get better by waiting.
      400 | 403 | 404 | 405) give_up "$1 $2: $status" ;;
    esac
    ((SECONDS < DEADLINE)) || give_up "$1 $2: $status after $SECONDS seconds"
    sleep 2
  done
  echo "$1 $2: $status"
}

give_up() {
  echo "$1" >&2
  if [[ -e $work/answer ]]; then head -c 2000 "$work/answer" >&2; fi
  exit 1
}

# exists PATH says whether there is such a thing.
exists() {
  local status
  while true; do
    status=$(ask GET "$1")
    case $status in
      200) return 0 ;;
      404) return 1 ;;
    esac
    ((SECONDS < DEADLINE)) || give_up "GET $1: $status after $SECONDS seconds"
    sleep 2
  done
}

must POST /_security/user/kibana_system/_password "{\"password\":\"$(<"$PASSWORDS/kibana_system")\"}"
for role in $ROLES; do
  must PUT "/_security/role/$role" "$(<"$CONF/role-$role.json")"
  must PUT "/_security/user/$role" "{\"roles\":[\"$role\"],\"password\":\"$(<"$PASSWORDS/$role")\"}"
done

template=$(<"$CONF/template.json")
must PUT "/_index_template/$STREAM" "${template//'${RETENTION}'/$RETENTION}"
# What the template says is for a new stream and for a stream's next index; an old stream is told the rest.
if exists "/_data_stream/$STREAM"; then
  must PUT "/_data_stream/$STREAM/_lifecycle" "{\"data_retention\":\"$RETENTION\"}"
  must POST "/$STREAM/_rollover?lazy=true" ''
else
  must PUT "/_data_stream/$STREAM" ''
fi
echo "everything is set up"
