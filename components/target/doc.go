// Package target is the cluster that a stack deploys to.
//
// What it decides: whether the cluster answers, before anything is registered and in a preview too, where the provider alone
// would only warn; the provider, explicit, of a cluster that is identified by a name and not by its address; and the storage
// class of the stack's volumes.
//
// What it refuses: no kube context, no storage class; and in [Reach] a context that the kubeconfig doesn't hold, a server that
// doesn't answer within eight seconds, and a server that answers that it isn't ready. Each error says what to run.
//
// [Cluster] is no component resource: a component around a single provider would add a level and no meaning.
package target
