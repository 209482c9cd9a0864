# Fills the folder of a node's configuration, as the image's own user. What the image has in it is kept; the keystore, which the
# image's entry point makes, can be written there.
set -euo pipefail
cp -r "$IMAGE/." "$CONFIG"
cp "$SETTINGS/elasticsearch.yml" "$CONFIG/elasticsearch.yml"

if [[ -z $SEED_HOSTS ]]; then
  echo "discovery.type: single-node" >>"$CONFIG/elasticsearch.yml"
else
  echo "discovery.seed_hosts: $SEED_HOSTS" >>"$CONFIG/elasticsearch.yml"
  # Only the first node founds a cluster, with at least one other, and only from an empty volume: the setting is for that alone,
  # and left in place it may found another one beside the first (elastic.co/docs/deploy-manage/distributed-architecture/
  # discovery-cluster-formation/modules-discovery-bootstrap-cluster). New nodes beside one that has data wait for it.
  if [[ ${POD_NAME##*-} == 0 && ! -e $DATA/_state ]]; then
    echo "cluster.initial_master_nodes: $NODES" >>"$CONFIG/elasticsearch.yml"
  fi
fi

# The entry point wants a file that nobody else may read (distribution/src/bin/elasticsearch-env-from-file), and a Secret's files
# are its group's too.
rm -f "$PASSWORD"
install -m 400 "$SECRET" "$PASSWORD"
