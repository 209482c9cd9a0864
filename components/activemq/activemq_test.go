package activemq

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"fleetman/components/kube"
	"fleetman/components/recorder"
)

func good() BrokerArgs {
	return BrokerArgs{
		Namespace: pulumi.String("fleetman"), StorageClass: pulumi.String("standard"), Password: pulumi.String("p=w"),
		Console: true, ConsoleNodePort: 30010,
	}
}

func record(t *testing.T, args BrokerArgs) (*recorder.Run, error) {
	t.Helper()
	return recorder.Record("dev", true, func(ctx *pulumi.Context) error {
		broker, err := NewBroker(ctx, "fleetman-queue", &args)
		if err == nil {
			ctx.Export("stomp", broker.StompAddress)
		}
		return err
	})
}

func TestValidateReportsEveryRefusalTogetherAndRegistersNothing(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*BrokerArgs)
		want  []string
	}{
		"all missing": {
			func(a *BrokerArgs) { *a = BrokerArgs{} },
			[]string{"Namespace is missing", "StorageClass is missing", "Password is missing"},
		},
		"no sizes":         {func(a *BrokerArgs) { a.Storage, a.Heap = "1 GB", "256M" }, []string{`the Storage: "1 GB"`, `the Heap: "256M"`}},
		"small":            {func(a *BrokerArgs) { a.Storage, a.Heap = "128Mi", "64Mi" }, []string{"the Storage 128Mi is below 256Mi", "the Heap 64Mi is below 128Mi"}},
		"user of two":      {func(a *BrokerArgs) { a.User = "a,b" }, []string{`the User "a,b"`}},
		"port of no node":  {func(a *BrokerArgs) { a.ConsoleNodePort = 8161 }, []string{"the ConsoleNodePort 8161 is none"}},
		"nowhere":          {func(a *BrokerArgs) { a.Placement.Tolerate = "x" }, []string{`the Placement: the Tolerate "x"`}},
		"port to nothing":  {func(a *BrokerArgs) { a.Console = false }, []string{"leads to no Console"}},
		"everything wrong": {func(a *BrokerArgs) { *a = BrokerArgs{Heap: "x", User: "é", ConsoleNodePort: 1} }, []string{"Namespace", "Heap", "StorageClass", "User", "Password", "1 is none", "no Console"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := good()
			test.spoil(&args)
			run, err := record(t, args)
			run.Refused(t, err, "validate broker fleetman-queue", test.want...)
		})
	}
}

func TestABrokerIsTheseResources(t *testing.T) {
	want := []string{
		"fleetman:components:ActiveMQ fleetman-queue",
		"kubernetes:apps/v1:Deployment fleetman-queue-deployment",
		"kubernetes:core/v1:ConfigMap fleetman-queue-config",
		"kubernetes:core/v1:PersistentVolumeClaim fleetman-queue-data",
		"kubernetes:core/v1:Secret fleetman-queue-login",
		"kubernetes:core/v1:Service fleetman-queue-console",
		"kubernetes:core/v1:Service fleetman-queue-service",
	}
	run, err := record(t, good())
	if err != nil {
		t.Fatal(err)
	}
	if got := run.Names(); !slices.Equal(got, want) {
		t.Errorf("registered\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := run.Outputs["stomp"]; got != "fleetman-queue:61613" {
		t.Errorf("STOMP is at %v", got)
	}
	if run.Registered != 2 { // the stack's and the component's
		t.Errorf("%d outputs registered, want 2", run.Registered)
	}
	for _, resource := range run.Resources {
		if resource.Custom && !strings.HasSuffix(resource.Parent, "::fleetman-queue") {
			t.Errorf("%s is under %s", resource.Name, resource.Parent)
		}
	}
}

func TestOnlyTheConsoleIsEverOnANode(t *testing.T) {
	run, err := record(t, good())
	if err != nil {
		t.Fatal(err)
	}
	for _, resource := range run.Resources {
		if resource.Type != "kubernetes:core/v1:Service" || slices.Contains(resource.At("spec.type"), any("ClusterIP")) {
			continue
		}
		if ports := resource.At("spec.ports.*.port"); !slices.Equal(ports, []any{float64(ConsolePort)}) {
			t.Errorf("%s has %v on the node", resource.Name, ports)
		}
	}
}

func TestABrokerRunsWhereItIsPlaced(t *testing.T) {
	for want, placement := range []kube.Placement{{}, {NodeSelector: map[string]string{"tier": "data"}, Tolerate: "tier=data:NoSchedule"}} {
		args := good()
		args.Placement = placement
		run, err := record(t, args)
		if err != nil {
			t.Fatal(err)
		}
		deployment, _ := run.Find("kubernetes:apps/v1:Deployment", "fleetman-queue-deployment")
		selected, tolerated := deployment.At("spec.template.spec.nodeSelector"), deployment.At("spec.template.spec.tolerations")
		if len(selected) != want || len(tolerated) != want {
			t.Errorf("placement %v: selects %v, tolerates %v", placement, selected, tolerated)
		}
	}
}

func TestTheVolumeIsProtectedOnlyWhenAsked(t *testing.T) {
	for _, protect := range []bool{false, true} {
		args := good()
		args.ProtectData = protect
		run, err := record(t, args)
		if err != nil {
			t.Fatal(err)
		}
		for _, resource := range run.Resources {
			if want := protect && resource.Type == "kubernetes:core/v1:PersistentVolumeClaim"; resource.Protect != want {
				t.Errorf("%s protected %t, want %t", resource.Name, resource.Protect, want)
			}
		}
	}
}

func TestEveryFileOfTheConfigurationIsMountedWhereTheBrokerLooks(t *testing.T) {
	run, err := record(t, good())
	if err != nil {
		t.Fatal(err)
	}
	deployment, _ := run.Find("kubernetes:apps/v1:Deployment", "fleetman-queue-deployment")
	paths := deployment.At("spec.template.spec.containers.*.volumeMounts.*.mountPath")
	for _, want := range []string{
		"conf/activemq.xml", "conf/login.config", "conf/log4j2.properties", "conf/users.properties", "conf/groups.properties", "data", "tmp",
	} {
		if !slices.Contains(paths, any("/opt/apache-activemq/"+want)) {
			t.Errorf("%s isn't mounted, only %v", want, paths)
		}
	}
}

func TestTheConfigurationIsWellFormedAndFollowsTheSizes(t *testing.T) {
	for name, test := range map[string]struct {
		args BrokerArgs
		want []string
		not  []string
	}{
		"default": {
			BrokerArgs{},
			[]string{`<memoryUsage limit="128mb"/>`, `memoryLimit="64mb"`, `<storeUsage limit="1536mb"/>`, `<tempUsage limit="256mb"/>`},
			[]string{"jetty", "{{"},
		},
		"large, with a console": {
			BrokerArgs{Heap: "1Gi", Storage: "8Gi", Console: true},
			[]string{`<memoryUsage limit="512mb"/>`, `memoryLimit="256mb"`, `<storeUsage limit="6144mb"/>`, `<tempUsage limit="1024mb"/>`, "jetty/jetty-spring.xml"},
			[]string{"{{"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			files, err := test.args.withDefaults().configuration()
			if err != nil {
				t.Fatal(err)
			}
			content := files["activemq.xml"]
			for decoder := xml.NewDecoder(strings.NewReader(content)); ; {
				if _, err := decoder.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatal(err)
				}
			}
			for _, want := range append(test.want, "positionQueue", `queueSuffix=".DLQ"`, ":61613", ":61616", "jaasAuthenticationPlugin") {
				if !strings.Contains(content, want) {
					t.Errorf("doesn't say %s", want)
				}
			}
			for _, not := range test.not {
				if strings.Contains(content, not) {
					t.Errorf("says %s", not)
				}
			}
		})
	}
}

// A plugin stands before those above it: what is above the logins would answer without asking for one.
func TestTheStatisticsAnswerOnlyWhoIsLetIn(t *testing.T) {
	files, err := BrokerArgs{}.withDefaults().configuration()
	if err != nil {
		t.Fatal(err)
	}
	var beans struct {
		Plugins struct {
			All []struct{ XMLName xml.Name } `xml:",any"`
		} `xml:"broker>plugins"`
	}
	if err := xml.Unmarshal([]byte(files["activemq.xml"]), &beans); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, plugin := range beans.Plugins.All {
		if plugin.XMLName.Space != "http://activemq.apache.org/schema/core" {
			t.Errorf("%s is of %s", plugin.XMLName.Local, plugin.XMLName.Space)
		}
		got = append(got, plugin.XMLName.Local)
	}
	if want := []string{"statisticsBrokerPlugin", "jaasAuthenticationPlugin", "authorizationPlugin"}; !slices.Equal(got, want) {
		t.Errorf("plugins %q, want %q", got, want)
	}
}

func TestAPasswordOfAnyCharactersIsOneProperty(t *testing.T) {
	for _, password := range []string{
		"plain", `back\slash`, "a=b:c#d!e", " both ends ", "tab\tand\nnewline\r", "café", "🚚", `\u0041`, "ENC(x)", "",
	} {
		line := users("fleet", password)
		if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") {
			t.Errorf("%q is written as %q, which is not one line", password, line)
		}
		key, value := readProperty(t, strings.TrimSuffix(line, "\n"))
		if key != "fleet" || value != password {
			t.Errorf("%q is written as %q, which Java reads as %q = %q", password, line, key, value)
		}
	}
}

func TestTheConsoleIsForTheSameLogin(t *testing.T) {
	if got := groups("fleet", false); got != "fleet=fleet\n" {
		t.Errorf("without a console %q", got)
	}
	if got := groups("fleet", true); !strings.Contains(got, "admins=fleet\n") {
		t.Errorf("with a console %q", got)
	}
}

// readProperty reads a line as java.util.Properties does.
func readProperty(t *testing.T, line string) (key, value string) {
	t.Helper()
	var out []uint16
	var keyLength int
	split := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c >= 0x80 || c < ' ':
			t.Fatalf("byte %#x in %q", c, line)
		case c == '\\' && line[i+1] == 'u':
			var unit uint16
			for _, digit := range line[i+2 : i+6] {
				unit = unit<<4 | uint16(strings.IndexRune("0123456789abcdef", digit))
			}
			out, i = append(out, unit), i+5
		case c == '\\':
			i++
			out = append(out, uint16(line[i]))
		case !split && (c == '=' || c == ':' || c == ' '):
			split, keyLength = true, len(out)
		default:
			out = append(out, uint16(c))
		}
	}
	return string(utf16.Decode(out[:keyLength])), string(utf16.Decode(out[keyLength:]))
}
