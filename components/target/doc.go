// Package target is the cluster that a stack deploys to: one of a kubeconfig's contexts, or one on EKS that the stack has made.
//
// What it decides: whether the cluster answers, before anything is registered and in a preview too, where the provider alone
// would only warn; and the provider, explicit, of a cluster that is identified by a name and not by its address. For EKS also how
// the provider comes by a token, which is never written down, and that everything in the cluster comes after its nodes and goes
// before them.
//
// What it refuses: no kube context; and in [Reach] a context that the kubeconfig doesn't hold, a server that
// doesn't answer within eight seconds, and a server that answers that it isn't ready. Each error says what to run. For EKS a
// missing name, endpoint or certificate, and a region that is none.
//
// [Cluster] is no component resource: a component around a single provider would add a level and no meaning.
package target
