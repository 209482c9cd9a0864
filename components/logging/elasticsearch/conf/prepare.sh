# Fills the folder of a node's configuration, as the image's own user. What the image has in it is kept; the keystore, which the
# image's entry point makes, can be written there.
set -euo pipefail
cp -r "$IMAGE/." "$CONFIG"
cp "$SETTINGS/elasticsearch.yml" "$CONFIG/elasticsearch.yml"

echo "discovery.seed_hosts: $SEED_HOSTS" >>"$CONFIG/elasticsearch.yml"
# Only the first node founds a cluster, with a majority of those that are named; the others wait for it, and join one that is there
# already. A node that is in a cluster takes no notice of the setting (server/src/main/java/org/elasticsearch/cluster/coordination/
# ClusterBootstrapService.java), so that a node that was stopped before it could found one still can.
if [[ ${POD_NAME##*-} == 0 ]]; then
  echo "cluster.initial_master_nodes: $NODES" >>"$CONFIG/elasticsearch.yml"
fi

# The entry point wants a file that nobody else may read (distribution/src/bin/elasticsearch-env-from-file), and a Secret's files
# are its group's too.
rm -f "$PASSWORD"
install -m 400 "$SECRET" "$PASSWORD"
