package kube

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// PartOf is the value of app.kubernetes.io/part-of on everything that fleetman declares.
const PartOf = "fleetman"

// Labels says what a workload is.
type Labels struct {
	// Name is the software, such as activemq or position-tracker. Required.
	Name string
	// Instance is this running copy of it, which here is the name of its Deployment or StatefulSet. Required.
	Instance string
	// Component is its part in the whole, such as broker, database or backend. Required.
	Component string
}

// All are the labels of an object. They never include a version: that is the image's to say.
func (l Labels) All() pulumi.StringMap {
	all := l.Selector()
	all["app.kubernetes.io/component"] = pulumi.String(l.Component)
	all["app.kubernetes.io/part-of"] = pulumi.String(PartOf)
	all["app.kubernetes.io/managed-by"] = pulumi.String("pulumi")
	return all
}

// Selector are the labels that select the workload's pods. A Deployment with another selector is another Deployment, so
// they hold only what never changes.
func (l Labels) Selector() pulumi.StringMap {
	return pulumi.StringMap{
		"app.kubernetes.io/name":     pulumi.String(l.Name),
		"app.kubernetes.io/instance": pulumi.String(l.Instance),
	}
}
