package mongodb

import (
	_ "embed" // the scripts
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
)

// What three members have and one has not.

const (
	replicas         = 3
	setName          = "rs0"
	keyfileKey       = "keyfile"
	keyfileSecret    = "/run/secrets/mongodb-keyfile"
	keyfilePath      = "/run/mongodb"
	initiateFile     = "initiate.js"
	initiatePath     = "/etc/mongodb"
	hostnameTopology = "kubernetes.io/hostname"
	zoneTopology     = "topology.kubernetes.io/zone"
)

var (
	//go:embed member.sh
	memberScript string
	//go:embed initiate.js
	initiateScript string

	key = regexp.MustCompile(`^[A-Za-z0-9+/=]+$`)
)

// ParseKeyfile answers with the content of a keyfile if mongod takes it: a key, or a list of them, in white space.
func ParseKeyfile(content string) (string, error) {
	keys := []string{content}
	if content = strings.TrimSpace(content); strings.HasPrefix(content, "- ") {
		keys = strings.Split(content, "\n")
	}
	for _, line := range keys {
		line = strings.Join(strings.Fields(strings.TrimPrefix(line, "- ")), "")
		if len(line) < 6 || len(line) > 1024 || !key.MatchString(line) {
			return "", errors.New("no keyfile; want 6 to 1024 characters of base64, or a list of such")
		}
	}
	return content + "\n", nil
}

func (b *builder) replicated() bool { return b.args.Members == replicas }

// member makes a pod's template that of a replica set's member.
func (b *builder) member(pod *corev1.PodSpecArgs, container *corev1.ContainerArgs, volumes corev1.VolumeArray) error {
	content := pulumi.ToSecret(b.args.Keyfile).(pulumi.StringOutput) // ToSecret keeps the type
	secret, err := corev1.NewSecret(b.ctx, b.name+"-keyfile", &corev1.SecretArgs{
		Metadata:   b.meta(nil),
		StringData: pulumi.StringMap{keyfileKey: content.ApplyT(ParseKeyfile).(pulumi.StringOutput)}, // ApplyT of a function to string
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register keyfile's Secret of %s: %w", b.name, err)
	}
	keyfile := &corev1.VolumeArgs{
		Name: pulumi.String("keyfile"),
		EmptyDir: &corev1.EmptyDirVolumeSourceArgs{
			Medium: pulumi.String("Memory"), SizeLimit: pulumi.String("1Mi"),
		},
	}
	pod.Volumes = append(volumes, keyfile, secretVolume("keyfile-secret", secret))

	// A Secret's files are its group's too, which the pod's volumes have to be, and mongod takes a keyfile of its user's alone.
	secretMount, keyfileMount := kube.Mount("keyfile-secret", keyfileSecret), kube.Mount("keyfile", keyfilePath)
	secretMount.ReadOnly = pulumi.Bool(true)
	pod.InitContainers = corev1.ContainerArray{&corev1.ContainerArgs{
		Name:            pulumi.String("keyfile"),
		Image:           pulumi.String(Image),
		ImagePullPolicy: pulumi.String("IfNotPresent"),
		Command: pulumi.ToStringArray([]string{
			"install", "-m", "400", keyfileSecret + "/" + keyfileKey, keyfilePath + "/" + keyfileKey,
		}),
		Resources:       kube.Resources{CPU: "10m", CPULimit: "100m", Memory: "32Mi", Scratch: "16Mi"}.Requirements(),
		SecurityContext: kube.ContainerSecurity(),
		VolumeMounts:    corev1.VolumeMountArray{secretMount, keyfileMount},
	}}
	container.Command = pulumi.ToStringArray([]string{"bash", "-c", memberScript, "mongod"})
	container.Args = append(container.Args.(pulumi.StringArray),
		pulumi.String("--replSet="+setName), pulumi.String("--keyFile="+keyfilePath+"/"+keyfileKey))
	readable := kube.Mount("keyfile", keyfilePath)
	readable.ReadOnly = pulumi.Bool(true)
	container.VolumeMounts = append(container.VolumeMounts.(corev1.VolumeMountArray), readable)

	// One in each zone. As long as fewer zones than members have a node, a member waits: its volume would bind it to the zone
	// of another one for good.
	selector := &metav1.LabelSelectorArgs{MatchLabels: b.labels.Selector()}
	pod.TopologySpreadConstraints = corev1.TopologySpreadConstraintArray{&corev1.TopologySpreadConstraintArgs{
		TopologyKey:       pulumi.String(zoneTopology),
		MaxSkew:           pulumi.Int(1),
		MinDomains:        pulumi.Int(replicas),
		WhenUnsatisfiable: pulumi.String("DoNotSchedule"),
		LabelSelector:     selector,
	}}
	pod.Affinity = &corev1.AffinityArgs{PodAntiAffinity: &corev1.PodAntiAffinityArgs{
		RequiredDuringSchedulingIgnoredDuringExecution: corev1.PodAffinityTermArray{
			&corev1.PodAffinityTermArgs{TopologyKey: pulumi.String(hostnameTopology), LabelSelector: selector},
		},
	}}
	return nil
}

// budget keeps a majority when nodes are drained. A member that isn't ready is no reason to wait: it doesn't count anyway.
func (b *builder) budget() error {
	_, err := policyv1.NewPodDisruptionBudget(b.ctx, b.name+"-budget", &policyv1.PodDisruptionBudgetArgs{
		Metadata: b.meta(pulumi.String(b.name)),
		Spec: &policyv1.PodDisruptionBudgetSpecArgs{
			MaxUnavailable:             pulumi.Int(1),
			UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow"),
			Selector:                   &metav1.LabelSelectorArgs{MatchLabels: b.labels.Selector()},
		},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register disruption budget of %s: %w", b.name, err)
	}
	return nil
}

// memberHosts are the members by the names that they keep: host:port, separated by commas. With the namespace in them they are
// known in the whole cluster.
func (b *builder) memberHosts(headless *corev1.Service) pulumi.StringOutput {
	hosts, values := make([]string, replicas), []any{}
	for i := range hosts {
		hosts[i] = b.name + "-" + strconv.Itoa(i) + ".%s.%s.svc:" + strconv.Itoa(Port)
		values = append(values, headless.Metadata.Name().Elem(), b.args.Namespace)
	}
	return pulumi.Sprintf(strings.Join(hosts, ","), values...)
}

// initiate registers the Job that makes the members one replica set. Its pod has labels of its own, so that nobody takes it for
// a member.
func (b *builder) initiate(hosts pulumi.StringOutput, credentials *corev1.Secret, after ...pulumi.Resource) (*batchv1.Job, error) {
	labels := b.labels
	labels.Instance = b.name + "-initiate"
	meta := &metav1.ObjectMetaArgs{Namespace: b.args.Namespace, Labels: labels.All()}
	script, err := corev1.NewConfigMap(b.ctx, b.name+"-initiate", &corev1.ConfigMapArgs{
		Metadata: meta, Data: pulumi.StringMap{initiateFile: pulumi.String(initiateScript)},
	}, b.childOpts...)
	if err != nil {
		return nil, fmt.Errorf("register ConfigMap of %s: %w", b.name, err)
	}
	env := func(name string, value pulumi.StringInput) *corev1.EnvVarArgs {
		return &corev1.EnvVarArgs{Name: pulumi.String(name), Value: value.ToStringOutput().ToStringPtrOutput()}
	}
	scriptMount, credentialsMount := kube.Mount("script", initiatePath), kube.Mount("credentials", secretsPath)
	scriptMount.ReadOnly, credentialsMount.ReadOnly = pulumi.Bool(true), pulumi.Bool(true)
	job, err := batchv1.NewJob(b.ctx, b.name+"-initiate", &batchv1.JobArgs{
		Metadata: kube.JobMeta(labels, b.args.Namespace),
		Spec: &batchv1.JobSpecArgs{
			// The script waits for minutes itself.
			BackoffLimit:          pulumi.Int(1),
			ActiveDeadlineSeconds: pulumi.Int(9 * 60),
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{Labels: labels.All()},
				Spec: &corev1.PodSpecArgs{
					AutomountServiceAccountToken: pulumi.Bool(false),
					EnableServiceLinks:           pulumi.Bool(false),
					RestartPolicy:                pulumi.String("Never"),
					SecurityContext:              kube.PodSecurity(uid),
					Containers: corev1.ContainerArray{&corev1.ContainerArgs{
						Name:            pulumi.String("mongosh"),
						Image:           pulumi.String(Image),
						ImagePullPolicy: pulumi.String("IfNotPresent"),
						Command:         pulumi.ToStringArray([]string{"mongosh", "--nodb", "--norc", "--quiet", initiatePath + "/" + initiateFile}),
						Env: corev1.EnvVarArray{
							env("REPLICA_SET", pulumi.String(setName)), env("MEMBERS", hosts), env("CREDENTIALS", pulumi.String(secretsPath)),
							env("HOME", pulumi.String("/tmp")), // mongosh keeps a log there
						},
						Resources:       kube.Resources{CPU: "50m", CPULimit: "1", Memory: "256Mi", Scratch: "64Mi"}.Requirements(),
						SecurityContext: kube.ContainerSecurity(),
						VolumeMounts:    corev1.VolumeMountArray{scriptMount, credentialsMount, kube.Mount("tmp", "/tmp")},
					}},
					Volumes: corev1.VolumeArray{
						&corev1.VolumeArgs{
							Name:      pulumi.String("script"),
							ConfigMap: &corev1.ConfigMapVolumeSourceArgs{Name: script.Metadata.Name(), DefaultMode: pulumi.Int(0o444)},
						},
						secretVolume("credentials", credentials),
						kube.EmptyDir("tmp", "32Mi"),
					},
				},
			},
		},
	}, append(b.childOpts, pulumi.DependsOn(after))...)
	if err != nil {
		return nil, fmt.Errorf("register Job of %s: %w", b.name, err)
	}
	return job, nil
}
