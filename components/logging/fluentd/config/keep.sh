# Keeps the records of the file $3 in the folder $1, in errors.log and, once that is larger than $2 bytes, in errors.1.log.
set -eu
umask 077
mkdir -p "$1"
cat "$3" >>"$1/errors.log"
if [ "$(wc -c <"$1/errors.log")" -gt "$2" ]; then
  mv -f "$1/errors.log" "$1/errors.1.log"
fi
