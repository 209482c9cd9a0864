package kube_test

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
	"fleetman/components/recorder"
)

var labels = kube.Labels{Name: "activemq", Instance: "fleetman-queue", Component: "broker"}

func TestASelectorHoldsOnlyWhatNeverChanges(t *testing.T) {
	got := slices.Sorted(maps.Keys(labels.Selector()))
	want := []string{"app.kubernetes.io/instance", "app.kubernetes.io/name"}
	if !slices.Equal(got, want) {
		t.Errorf("selector %v, want %v", got, want)
	}
}

func TestEveryObjectSaysWhatItIsPartOf(t *testing.T) {
	got := slices.Sorted(maps.Keys(labels.All()))
	want := []string{
		"app.kubernetes.io/component", "app.kubernetes.io/instance", "app.kubernetes.io/managed-by",
		"app.kubernetes.io/name", "app.kubernetes.io/part-of",
	}
	if !slices.Equal(got, want) {
		t.Errorf("labels %v, want %v", got, want)
	}
}

func TestResourcesReportEveryRefusalTogether(t *testing.T) {
	good := kube.Resources{CPU: "50m", CPULimit: "1", Memory: "64Mi", Scratch: "16Mi"}
	for name, test := range map[string]struct {
		resources kube.Resources
		want      []string
	}{
		"good":         {good, nil},
		"empty":        {kube.Resources{}, []string{"CPU: missing", "CPULimit: missing", "Memory: missing", "Scratch: missing"}},
		"not parsed":   {kube.Resources{CPU: "a", CPULimit: "1", Memory: "1GB", Scratch: "1Mi"}, []string{`CPU: "a"`, `Memory: "1GB"`}},
		"not positive": {kube.Resources{CPU: "1", CPULimit: "1", Memory: "0", Scratch: "-1Mi"}, []string{`Memory: "0" is not above`, `Scratch: "-1Mi" is not above`}},
		"above limit":  {kube.Resources{CPU: "2", CPULimit: "1", Memory: "1Mi", Scratch: "1Mi"}, []string{"CPU 2 is above CPULimit 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.resources.Validate()
			if len(test.want) == 0 {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			recorder.Refusals(t, err, test.want...)
		})
	}
}

func TestAPlacementReportsEveryRefusalTogether(t *testing.T) {
	for name, test := range map[string]struct {
		placement kube.Placement
		want      []string
	}{
		"none":         {kube.Placement{}, nil},
		"both":         {kube.Placement{NodeSelector: map[string]string{"example.com/tier": "data"}, Tolerate: "example.com/tier=data:NoSchedule"}, nil},
		"bad selector": {kube.Placement{NodeSelector: map[string]string{"a b": "c d"}}, []string{`the NodeSelector's label "a b"`, `the NodeSelector's value "c d"`}},
		"no taint":     {kube.Placement{Tolerate: "tier=data"}, []string{`the Tolerate "tier=data" is no taint`}},
		"other effect": {kube.Placement{Tolerate: "tier=data:NoExecute"}, []string{`the Tolerate "tier=data:NoExecute" is no taint`}},
		"bad taint":    {kube.Placement{Tolerate: "-=!:NoSchedule"}, []string{`the Tolerate's label "-"`, `the Tolerate's value "!"`}},
		"all wrong": {
			kube.Placement{NodeSelector: map[string]string{"": "x"}, Tolerate: "x"},
			[]string{`the NodeSelector's label "": name part must be non-empty`, "name part must consist", `the Tolerate "x"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.placement.Validate()
			if len(test.want) == 0 {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			recorder.Refusals(t, err, test.want...)
		})
	}
}

func TestAPlacementSetsWhatItSaysAndNothingElse(t *testing.T) {
	pod := &corev1.PodSpecArgs{}
	kube.Placement{}.Apply(pod)
	if pod.NodeSelector != nil || pod.Tolerations != nil {
		t.Errorf("no placement set %v, %v", pod.NodeSelector, pod.Tolerations)
	}
	kube.Placement{NodeSelector: map[string]string{"example.com/tier": "data"}, Tolerate: "example.com/tier=data:NoSchedule"}.Apply(pod)
	if want := (pulumi.StringMap{"example.com/tier": pulumi.String("data")}); !reflect.DeepEqual(pod.NodeSelector, want) {
		t.Errorf("selects %v, want %v", pod.NodeSelector, want)
	}
	want := corev1.TolerationArray{&corev1.TolerationArgs{
		Key: pulumi.String("example.com/tier"), Operator: pulumi.String("Equal"), Value: pulumi.String("data"), Effect: pulumi.String("NoSchedule"),
	}}
	if !reflect.DeepEqual(pod.Tolerations, want) {
		t.Errorf("tolerates %v, want %v", pod.Tolerations, want)
	}
}

func TestMebibytesAreWhole(t *testing.T) {
	for in, want := range map[string]int64{"256Mi": 256, "2Gi": 2048, "1073741824": 1024, "1500k": 0, "": 0, "x": 0, "0": 0} {
		got, err := kube.ParseMebibytes(in)
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("ParseMebibytes(%q) = %d, %v; want %d", in, got, err, want)
		}
	}
}
