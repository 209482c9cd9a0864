// Package stacks wires the components into the stacks of the project: dev, on a Minikube node or the project's lab; prod, on AWS
// from the network up; and bootstrap, which prod stands on.
//
// It reads the configuration, all of it and strictly: an unknown key, a missing value and a bad one are reported together,
// before anything is asked, built or registered. Then it makes sure that the cluster answers, builds the services' images,
// takes them to the cluster unless it is a preview, and registers.
//
// It declares nothing but the namespaces and the stack's outputs. What the world outside of Pulumi's engine does for it is
// [Outside], which tests replace.
package stacks
