package elasticsearch

import (
	"fmt"
	"strconv"
	"strings"

	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
)

// What makes an empty cluster the one that the others expect.

const (
	setupFile     = "setup.sh"
	templateFile  = "template.json"
	passwordsPath = "/run/secrets/passwords"
	trustPath     = "/run/secrets/elasticsearch"
	setupSeconds  = 5 * 60
)

// setup registers the Job that makes the users and the data stream. Its pod has labels of its own, so that nobody takes it for a
// node. It stays when it is done: one that went away would be made again by the next run.
func (b *builder) setup() error {
	labels := b.labels
	labels.Instance = b.name + "-setup"
	meta := &metav1.ObjectMetaArgs{Namespace: b.args.Namespace, Labels: labels.All()}
	names := []string{setupFile, templateFile}
	for _, user := range users() {
		names = append(names, "role-"+user+".json")
	}
	data, err := files(names...)
	if err != nil {
		return fmt.Errorf("set up %s: %w", b.name, err)
	}
	script, err := corev1.NewConfigMap(b.ctx, b.name+"-setup", &corev1.ConfigMapArgs{Metadata: meta, Data: data}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register setup's ConfigMap of %s: %w", b.name, err)
	}
	all := pulumi.StringMap{}
	for _, user := range append(users(), elasticUser, kibanaUser) {
		all[user] = b.password(user)
	}
	passwords, err := corev1.NewSecret(b.ctx, b.name+"-passwords", &corev1.SecretArgs{Metadata: meta, StringData: all}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register passwords' Secret of %s: %w", b.name, err)
	}
	trust, err := corev1.NewConfigMap(b.ctx, b.name+"-authority", &corev1.ConfigMapArgs{
		Metadata: meta, Data: pulumi.StringMap{caKey: b.cluster.CA},
	}, b.childOpts...)
	if err != nil {
		return fmt.Errorf("register authority's ConfigMap of %s: %w", b.name, err)
	}
	// The address comes out of the Service, so that it is known once that is there.
	url := pulumi.Sprintf("https://%s.%s:%d", b.service.Metadata.Name().Elem(), b.args.Namespace, Port)
	job, err := batchv1.NewJob(b.ctx, b.name+"-setup", &batchv1.JobArgs{
		Metadata: kube.JobMeta(labels, b.args.Namespace),
		Spec: &batchv1.JobSpecArgs{
			// The script repeats what isn't answered, for minutes.
			BackoffLimit:          pulumi.Int(1),
			ActiveDeadlineSeconds: pulumi.Int(2*setupSeconds - 60), // below Pulumi's own ten minutes
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{Labels: labels.All()},
				Spec: &corev1.PodSpecArgs{
					AutomountServiceAccountToken: pulumi.Bool(false),
					EnableServiceLinks:           pulumi.Bool(false),
					RestartPolicy:                pulumi.String("Never"),
					SecurityContext:              kube.PodSecurity(uid),
					Containers: corev1.ContainerArray{&corev1.ContainerArgs{
						// The image has bash and curl (distribution/docker/src/docker/dockerfiles/default/Dockerfile).
						Name:            pulumi.String("setup"),
						Image:           pulumi.String(Image),
						ImagePullPolicy: pulumi.String("IfNotPresent"),
						Command:         pulumi.ToStringArray([]string{"bash", settingsPath + "/" + setupFile}),
						Env: corev1.EnvVarArray{
							env("URL", url), env("CA", pulumi.String(trustPath+"/"+caKey)),
							env("CONF", pulumi.String(settingsPath)), env("PASSWORDS", pulumi.String(passwordsPath)),
							env("ROLES", pulumi.String(strings.Join(users(), " "))),
							env("STREAM", pulumi.String(DataStream)),
							env("RETENTION", pulumi.String(strconv.Itoa(b.args.RetentionDays)+"d")),
							env("DEADLINE", pulumi.String(strconv.Itoa(setupSeconds))),
						},
						Resources:       kube.Resources{CPU: "10m", CPULimit: "500m", Memory: "64Mi", Scratch: "16Mi"}.Requirements(),
						SecurityContext: kube.ContainerSecurity(),
						VolumeMounts: corev1.VolumeMountArray{
							readOnly(kube.Mount("setup", settingsPath)), readOnly(kube.Mount("passwords", passwordsPath)),
							readOnly(kube.Mount("authority", trustPath)), kube.Mount("tmp", "/tmp"),
						},
					}},
					Volumes: corev1.VolumeArray{
						configVolume("setup", script), secretVolume("passwords", passwords), configVolume("authority", trust),
						kube.EmptyDir("tmp", "8Mi"),
					},
				},
			},
		},
	}, append(b.childOpts, pulumi.DependsOn([]pulumi.Resource{b.set, b.service}))...)
	if err != nil {
		return fmt.Errorf("register Job of %s: %w", b.name, err)
	}
	b.cluster.URL = pulumi.All(url, job.Metadata.Name()).ApplyT(func(values []any) string {
		return values[0].(string) // the address
	}).(pulumi.StringOutput) // ApplyT of a function to string
	return nil
}
