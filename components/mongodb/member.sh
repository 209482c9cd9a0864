# Runs mongod as a member of a replica set. Only the first member makes the root user, which the others get from it: a set is
# made of one member that may hold data and of others that hold none.
set -euo pipefail
if [[ ${HOSTNAME##*-} != 0 ]]; then
  unset MONGO_INITDB_ROOT_USERNAME_FILE MONGO_INITDB_ROOT_PASSWORD_FILE
fi
exec docker-entrypoint.sh mongod "$@"
