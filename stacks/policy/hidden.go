package policy

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func hiddenRules() []Rule {
	return []Rule{{
		Name:  "nothing-hidden",
		Why:   "a secret or a chart hides from review, and from every rule, what is made",
		Check: hidden,
	}}
}

// variable is the one place of a pod where a secret may be; a file of a Secret is better still.
var variable = regexp.MustCompile(`^(initContainers|containers)\.\d+\.env\.\d+\.value$`)

func hidden(_ []Resource, r Resource) []string {
	var f findings
	f.refuse(r.Type == chartType, "a chart's objects aren't seen by any rule; declare them")
	spec, workload := r.pod()
	switch {
	case workload:
		for _, path := range masked(spec, nil) {
			f.refuse(!variable.MatchString(path), "the pod's %s is secret", path)
		}
	case strings.HasPrefix(r.Type, awsPrefix), slices.Contains([]string{
		namespaceType, storageClassType, kubeRoleType, clusterRoleType, bindingType, clusterBindType,
	}, r.Type):
		for _, path := range masked(r.Inputs, nil) {
			f.refuse(!credential(r.Type, path), "%s is secret", path)
		}
	}
	return f
}

// credential says whether an input of AWS is there to hold a secret.
func credential(typ, path string) bool {
	return typ == "aws:secretsmanager/secretVersion:SecretVersion" && (path == "secretString" || path == "secretBinary")
}

// masked are the paths of the secrets in a value, sorted.
func masked(value any, path []string) []string {
	var found []string
	inside := func(key string, inner any) {
		found = append(found, masked(inner, append(slices.Clone(path), key))...)
	}
	switch value := value.(type) {
	case string:
		if value == Masked {
			return []string{strings.Join(path, ".")}
		}
	case map[string]any:
		for key, inner := range value {
			inside(key, inner)
		}
	case []any:
		for i, inner := range value {
			inside(strconv.Itoa(i), inner)
		}
	}
	slices.Sort(found)
	return found
}
