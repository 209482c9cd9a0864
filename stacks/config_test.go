package stacks

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

// project is what of Pulumi.yaml is ours.
type project struct {
	Config map[string]struct {
		Type        string          `json:"type"`
		Description string          `json:"description"`
		Secret      bool            `json:"secret"`
		Default     json.RawMessage `json:"default"`
	} `json:"config"`
}

func readYAML(t *testing.T, file string, into any) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", file))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(content, into); err != nil {
		t.Fatal(err)
	}
}

// text is a value as Pulumi hands it over: text as it is, all else as JSON.
func text(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) == nil {
		return s
	}
	return string(value)
}

// stackValues are a stack's values as Pulumi puts them together: the stack's own, and the project's defaults of the rest.
func stackValues(t *testing.T, stack string) map[string]string {
	t.Helper()
	var project project
	readYAML(t, "Pulumi.yaml", &project)
	var own struct {
		Config map[string]json.RawMessage `json:"config"`
	}
	readYAML(t, "Pulumi."+stack+".yaml", &own)
	values := map[string]string{}
	for key, declared := range project.Config {
		values[key] = text(declared.Default)
	}
	for key, value := range own.Config {
		values[key] = text(value)
	}
	return values
}

func TestEveryKeyIsDescribedWithItsFieldsAndItsDefault(t *testing.T) {
	var project project
	readYAML(t, "Pulumi.yaml", &project)
	defaults := Defaults()
	fields := fieldsOf(reflect.ValueOf(&defaults).Elem())
	for key := range project.Config {
		if _, known := fields[strings.TrimPrefix(key, keyPrefix)]; !known {
			t.Errorf("%s is described and not read", key)
		}
	}
	for name, field := range fields {
		declared, described := project.Config[keyPrefix+name]
		if !described || declared.Description == "" {
			t.Errorf("%s%s is read and not described", keyPrefix, name)
			continue
		}
		_, secret := field.Interface().(Secret)
		if declared.Secret != secret {
			t.Errorf("%s%s is described as secret %t", keyPrefix, name, declared.Secret)
		}
		if field.Kind() == reflect.String {
			if got := text(declared.Default); got != field.String() {
				t.Errorf("%s%s has the default %q, described as %q", keyPrefix, name, field.String(), got)
			}
			continue
		}
		if field.Kind() == reflect.Bool {
			if got := strconv.FormatBool(field.Bool()); text(declared.Default) != got || declared.Type != "boolean" {
				t.Errorf("%s%s has the default %s, described as %s", keyPrefix, name, got, declared.Default)
			}
			continue
		}
		if declared.Type != "object" {
			t.Errorf("%s%s is described as %s", keyPrefix, name, declared.Type)
		}
		described2 := reflect.New(field.Type()).Elem()
		if errs := decodeObject(keyPrefix+name, string(declared.Default), described2); len(errs) != 0 {
			t.Errorf("default of %s%s: %v", keyPrefix, name, errs)
		}
		if !reflect.DeepEqual(described2.Interface(), field.Interface()) {
			t.Errorf("%s%s has the default %+v, described as %+v", keyPrefix, name, field.Interface(), described2.Interface())
		}
		for inner := range fieldsOf(field) {
			if !strings.Contains(declared.Description, inner+":") {
				t.Errorf("the description of %s%s doesn't say %s", keyPrefix, name, inner)
			}
		}
	}
}

func TestOnlyExplicitProvidersAreUsed(t *testing.T) {
	for _, stack := range []string{dev, prod, bootstrap} {
		if got := stackValues(t, stack)["pulumi:disable-default-providers"]; got != `["*"]` {
			t.Errorf("%s disables %s", stack, got)
		}
	}
}

func TestEveryProblemOfTheConfigurationIsReportedInOneErrorAndNothingIsDone(t *testing.T) {
	raw := Raw{Stack: prod, Values: map[string]string{
		"fleetman:target":           `{"context":"kind","storageclass":"x"}`,
		"fleetman:aws":              `{"account":"1234","region":"here","offline":"maybe"}`,
		"fleetman:network":          `{"cidr":"172.20.0.0/16","zones":["us-east-1a","us-east-1b"],"nat":"none","flowLogDays":8}`,
		"fleetman:cluster":          `{"version":"1.30","publicCIDRs":["0.0.0.0/0"],"admins":"me","logDays":1.5,"addonVersions":{"vpc-nci":"v1"}}`,
		"fleetman:nodes":            `{"generalTypes":["large"],"generalMin":5,"generalMax":2,"dataTypes":["m7g.large"]}`,
		"fleetman:edge":             `{"domain":"example.com","webapp":"fleet man"}`,
		"fleetman:backup":           `{"everyHours":5,"keep":0}`,
		"fleetman:protect":          "perhaps",
		"fleetman:images":           `{"arch":"amd64","registry":"r.io"}`,
		"fleetman:simulator":        `{"vehicles":0,"reportInterval":"often","sed":1}`,
		"fleetman:activemq":         `{"heap":"1Mi","console":"yes"}`,
		"fleetman:mongodb":          `{"cacheGB":0.1,"storage":null}`,
		"fleetman:gateway":          `{"replicas":1.5}`,
		"fleetman:webapp":           `3`,
		"fleetman:logLevel":         "loud",
		"fleetman:mongodbPassword":  "plain",
		"fleetman:slackwebhook":     "x",
		"fleetman:seed":             "short",
		"fleetman:monitoring":       `{"enabled":true,"storage":"1","retentionDays":0,"grafana":true}`,
		"fleetman:alerts":           `{"groupWait":"soon","repeatInterval":"1s"}`,
		"fleetman:logging":          `{"enabled":true,"nodes":2,"retentionDays":-1,"heap":"1","certificatesFrom":"yesterday"}`,
		"aws:region":                "eu-west-1",
		"pulumi:whatever-it-may-be": "1",
	}}
	want := []string{
		"fleetman:target.storageclass: unknown field",
		"fleetman:target: is not for stack prod but for dev",
		`fleetman:aws: the Account "1234"`,
		`fleetman:aws: the Region "here"`,
		`fleetman:aws.offline: "maybe"; want true or false`,
		"fleetman:network: the CIDR 172.20.0.0/16 overlaps",
		"fleetman:network: the Zones are 2",
		`fleetman:network: the NAT "none"`,
		"fleetman:network: the FlowLogDays 8",
		"fleetman:cluster: the Version 1.30 is out",
		"fleetman:cluster: the PublicCIDRs' 0.0.0.0/0 is too wide",
		"fleetman:cluster: the Access has no AmazonEKSClusterAdminPolicy",
		`fleetman:cluster.admins: "me"; want a list of texts`,
		"fleetman:cluster.logDays: 1.5; want a whole number",
		`fleetman:cluster: there is no add-on "vpc-nci"`,
		`fleetman:nodes: the General's InstanceTypes' "large"`,
		"fleetman:nodes: the General's Min 5 is above its Max 2",
		"fleetman:nodes: the Data's InstanceTypes' m7g.large is of arm64",
		`fleetman:edge: the ZoneID ""`,
		`fleetman:edge: the Hosts' "fleet man.example.com"`,
		"fleetman:backup: the SnapshotHours are 5",
		"fleetman:backup.keep: 0; want more",
		`fleetman:protect: perhaps; want true or false`,
		"fleetman:images.registry: unknown field",
		"fleetman:simulator.vehicles: 0",
		`fleetman:simulator.reportInterval: "often" is no duration`,
		"fleetman:simulator.sed: unknown field",
		"fleetman:activemq: the Heap 1Mi is below",
		`fleetman:activemq.console: "yes"; want true or false`,
		"fleetman:mongodb: the CacheGB 0.1",
		"fleetman:mongodb.storage: null; want text",
		"fleetman:gateway.replicas: 1.5; want a whole number",
		"fleetman:webapp: want an object",
		`fleetman:logLevel: "loud"`,
		"fleetman:mongodbPassword: in plain text",
		"fleetman:activemqPassword: missing; set it with `pulumi config set --secret fleetman:activemqPassword`",
		"fleetman:slackwebhook: unknown key",
		"fleetman:slackWebhook: missing; set it with",
		"fleetman:seed: in plain text",
		"fleetman:seed: 5 characters; want 32 or more",
		"fleetman:monitoring.grafana: unknown field",
		"fleetman:monitoring: the Storage",
		"fleetman:monitoring.retentionDays: 0; want more",
		`fleetman:alerts.groupWait: "soon" is no duration`,
		"fleetman:alerts: the RepeatInterval",
		"fleetman:logging: the Nodes are 2",
		"fleetman:logging: the RetentionDays",
		"fleetman:logging: the Heap",
		`fleetman:logging.certificatesFrom: "yesterday" is no day`,
	}
	run, err := record(t, &world{Outside: Outside{Root: t.TempDir()}}, raw, true)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range want {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("doesn't say %q", want)
		}
	}
	if got := strings.Count(err.Error(), keyPrefix); got < len(want) {
		t.Errorf("%d keys are named, want %d", got, len(want))
	}
	for _, not := range []string{"aws:region", "pulumi:whatever"} {
		if strings.Contains(err.Error(), not) {
			t.Errorf("says %s, which isn't ours", not)
		}
	}
	if names := run.Names(); len(names) != 0 {
		t.Errorf("registered %v", names)
	}
	if t.Failed() {
		t.Log(err)
	}
}

func TestAFieldThatIsLeftOutHasItsDefault(t *testing.T) {
	raw := values(t, dev)
	raw.Values["fleetman:simulator"] = `{"vehicles":5}`
	delete(raw.Values, "fleetman:gateway")
	config, err := Read(raw, newWorld(t).Root)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := config.Simulator, (Simulator{Vehicles: 5, ReportInterval: Duration(2 * time.Second), Seed: 1}); got != want {
		t.Errorf("simulator %+v, want %+v", got, want)
	}
	if got, want := config.Gateway, Defaults().Gateway; got != want {
		t.Errorf("gateway %+v, want %+v", got, want)
	}
}

func TestAStackIsRefusedWhatIsTheOthers(t *testing.T) {
	for name, test := range map[string]struct {
		stack string
		set   map[string]string
		want  string
	}{
		"dev a password":   {dev, map[string]string{"fleetman:mongodbPassword": "x"}, "fleetman:mongodbPassword: is not for stack dev but for prod"},
		"dev a plain URL":  {dev, map[string]string{"fleetman:slackWebhook": "https://x"}, "fleetman:slackWebhook: in plain text"},
		"dev an account":   {dev, map[string]string{"fleetman:aws": `{"account":"1"}`}, "fleetman:aws: is not for stack dev but for prod, bootstrap"},
		"dev a network":    {dev, map[string]string{"fleetman:network": `{"zones":["a"]}`}, "fleetman:network: is not for stack dev but for prod"},
		"dev a set":        {dev, map[string]string{"fleetman:mongodb": `{"members":3}`}, "fleetman:mongodb.members: 3; a replica set is prod's"},
		"prod dev's node":  {prod, map[string]string{"fleetman:target": `{"context":"kind"}`}, "fleetman:target: is not for stack prod but for dev"},
		"state a service":  {bootstrap, map[string]string{"fleetman:gateway": `{"replicas":2}`}, "fleetman:gateway: is not for stack bootstrap but for dev, prod"},
		"any other stack":  {"staging", nil, `no stack "staging"`},
		"dev's other case": {"Dev", nil, `no stack "Dev"`},
	} {
		t.Run(name, func(t *testing.T) {
			raw := Raw{Stack: test.stack}
			if slices.Contains([]string{dev, prod, bootstrap}, test.stack) {
				raw = values(t, test.stack)
			}
			maps.Copy(raw.Values, test.set)
			_, err := Read(raw, newWorld(t).Root)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestCredentialsThatArentThereOrArentCredentialsSayWhatMakesThem(t *testing.T) {
	for name, content := range map[string]string{
		"missing": "", "no JSON": "the-broker's-own", "one only": `{"activemqPassword":"the-broker's-own"}`,
		"no seed":     `{"activemqPassword":"the-broker's-own","mongodbPassword":"b"}`,
		"short seed":  `{"activemqPassword":"the-broker's-own","mongodbPassword":"b","seed":"c"}`,
		"another key": `{"activemqPassword":"the-broker's-own","mongodbPassword":"b","seed":"the seed that all the others come of","x":"c"}`,
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			if content != "" {
				write(t, filepath.Join(root, credentialsFile), content)
			}
			_, err := Read(values(t, dev), root)
			if err == nil || !strings.Contains(err.Error(), "run `make credentials`") {
				t.Errorf("error %v", err)
			}
			if strings.Contains(fmt.Sprint(err), "-own") {
				t.Errorf("error %v shows a password", err)
			}
		})
	}
}

func TestAnAccountThatCameAsANumberIsText(t *testing.T) {
	config := Defaults()
	if errs := decode(Raw{Values: map[string]string{"fleetman:aws": `{"account":123456789012}`}}, &config); len(errs) != 0 || config.AWS.Account != "123456789012" {
		t.Errorf("account %q: %v", config.AWS.Account, errs)
	}
}

func TestAListThatIsGivenReplacesTheDefault(t *testing.T) {
	config := Defaults()
	if errs := decode(Raw{Values: map[string]string{"fleetman:nodes": `{"dataTypes":["r7i.large"]}`}}, &config); len(errs) != 0 || !slices.Equal(config.Nodes.DataTypes, []string{"r7i.large"}) {
		t.Errorf("types %v: %v", config.Nodes.DataTypes, errs)
	}
}

func TestAReplicaSetWantsAKeyfileAndASingleMemberNone(t *testing.T) {
	for members, want := range map[int]string{1: "", 3: "fleetman:mongodbKeyfile: missing"} {
		raw := values(t, prod)
		raw.Values["fleetman:mongodb"] = fmt.Sprintf(`{"members":%d}`, members)
		delete(raw.Values, "fleetman:mongodbKeyfile")
		_, err := Read(raw, newWorld(t).Root)
		if (err == nil) != (want == "") || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%d members: %v, want %q", members, err, want)
		}
	}
}

func TestAKeyfileThatMongodRefusesIsRefusedBefore(t *testing.T) {
	raw := values(t, prod)
	raw.Values["fleetman:mongodbKeyfile"] = "the members' own"
	_, err := Read(raw, newWorld(t).Root)
	if err == nil || !strings.Contains(err.Error(), "fleetman:mongodbKeyfile: no keyfile") || strings.Contains(err.Error(), "own") {
		t.Errorf("error %v", err)
	}
}

func TestTheFieldsOfAnErrorAreSorted(t *testing.T) {
	config := Defaults()
	fields := slices.Sorted(maps.Keys(fieldsOf(reflect.ValueOf(&config).Elem())))
	errs := decode(Raw{Values: map[string]string{"fleetman:x": ""}}, &config)
	if len(errs) != 1 || !strings.Contains(errs[0].Error(), strings.Join(fields, ", ")) {
		t.Errorf("errors %v", errs)
	}
}

func TestCertificatesThatDontHoldAreRefusedBeforeAnythingIsDone(t *testing.T) {
	for from, want := range map[string]string{
		"2026-01-01": "", "2026-06-30": "",
		"2026-07-02": "is yet to come",
		"2016-07-15": "hold until 2026-07-13; set it to today's date",
	} {
		raw := values(t, dev)
		raw.Values["fleetman:logging"] = fmt.Sprintf(`{"enabled":true,"certificatesFrom":%q}`, from)
		run, err := record(t, newWorld(t), raw, true)
		if (err == nil) != (want == "") || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s: error %v, want %q", from, err, want)
		}
		if names := run.Names(); err != nil && len(names) != 0 {
			t.Errorf("registered %v", names)
		}
	}
}

func TestASwitchTakesAwayAllThatItIsFor(t *testing.T) {
	for name, test := range map[string]struct {
		set        map[string]string
		namespaces []string
	}{
		"neither":         {map[string]string{"fleetman:monitoring": `{"enabled":false}`}, []string{"fleetman"}},
		"monitoring only": {nil, []string{"fleetman", agentsNamespace, monitoringNamespace}},
		"logging only": {
			map[string]string{"fleetman:monitoring": `{"enabled":false}`, "fleetman:logging": `{"enabled":true}`},
			[]string{"fleetman", agentsNamespace, loggingNamespace},
		},
		"both": {map[string]string{"fleetman:logging": `{"enabled":true}`}, []string{"fleetman", agentsNamespace, loggingNamespace, monitoringNamespace}},
	} {
		t.Run(name, func(t *testing.T) {
			raw := values(t, dev)
			maps.Copy(raw.Values, test.set)
			run, err := record(t, newWorld(t), raw, true)
			if err != nil {
				t.Fatal(err)
			}
			var namespaces []string
			for _, resource := range ofType("kubernetes:core/v1:Namespace")(run) {
				namespaces = append(namespaces, resource.Name)
			}
			if slices.Sort(namespaces); !slices.Equal(namespaces, test.namespaces) {
				t.Errorf("namespaces %v, want %v", namespaces, test.namespaces)
			}
		})
	}
}
