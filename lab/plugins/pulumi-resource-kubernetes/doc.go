// Pulumi-resource-kubernetes is the lab's stand-in for Pulumi's Kubernetes provider, for machines that cannot download it. It
// reports version 4.33.0 and agrees with that provider on what a program of typed resources can notice:
//
//   - server-side apply with a field manager of the resource's own, previews by the API server's dry run;
//   - auto-naming, which changes replace an object, and whether the old one goes first;
//   - waiting until workloads, Services, Ingresses, volumes and Jobs are ready, saying meanwhile and on failure which pod and
//     container hold it up; an object that is created but not ready stays in the state;
//   - Patch resources, secrets, refresh, import and Get, previews without a reachable cluster;
//   - the annotations pulumi.com/skipAwait, timeoutSeconds, patchForce and patchFieldManager.
//
// It refuses, and says so: invokes, Helm, YAML, Kustomize and List resources, metadata.generateName, client-side apply, and
// provider settings other than kubeconfig, context, cluster, namespace, clusterIdentifier and deleteUnreachable. It ignores the
// annotations pulumi.com/waitFor and pulumi.com/replaceUnready.
package main
