package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// source is a data source, as its file has it.
type source struct {
	Name          string            `json:"name"`
	UID           string            `json:"uid"`
	Type          string            `json:"type"`
	URL           string            `json:"url"`
	IsDefault     bool              `json:"isDefault"`
	Editable      bool              `json:"editable"`
	BasicAuth     bool              `json:"basicAuth"`
	BasicAuthUser string            `json:"basicAuthUser"`
	Secrets       map[string]string `json:"secureJsonData"`
}

type dashboard struct {
	uid, title, folder string
	content            json.RawMessage
}

// readSources reads the data sources. One whose plugin the stand-in doesn't know or that is turned off would be there and dead.
func readSources(dir string, off []string) (map[string]source, error) {
	sources, names, defaults := map[string]source{}, map[string]bool{}, 0
	err := readConfigs(dir, func(content []byte) error {
		var file struct {
			Sources []source `json:"datasources"`
		}
		if err := yaml.Unmarshal(content, &file); err != nil {
			return fmt.Errorf("read YAML: %w", err)
		}
		for _, s := range file.Sources {
			for _, value := range []*string{&s.Name, &s.UID, &s.Type, &s.URL, &s.BasicAuthUser} {
				if err := interpolate(value); err != nil {
					return err
				}
			}
			for key, value := range s.Secrets {
				if err := interpolate(&value); err != nil {
					return err
				}
				s.Secrets[key] = value
			}
			switch {
			case s.Name == "" || s.Type == "" || s.UID == "" || s.URL == "":
				return fmt.Errorf("data source %q of type %q, uid %q, url %q: one of them is missing", s.Name, s.Type, s.UID, s.URL)
			case names[s.Name] || sources[s.UID].UID != "":
				return fmt.Errorf("data source %q: its name or its uid %q is there twice", s.Name, s.UID)
			case !slices.Contains([]string{"prometheus", "elasticsearch"}, s.Type) || slices.Contains(off, s.Type):
				return fmt.Errorf("data source %q: there is no plugin %q, or it is off", s.Name, s.Type)
			case s.Editable:
				return fmt.Errorf("data source %q is editable", s.Name)
			}
			if s.IsDefault {
				defaults++
			}
			sources[s.UID], names[s.Name] = s, true
		}
		return nil
	})
	if err == nil && defaults > 1 {
		err = errors.New("more than one data source is the default")
	}
	return sources, err
}

// readDashboards reads what the providers point at.
func readDashboards(dir string, sources map[string]source) (map[string]dashboard, error) {
	dashboards := map[string]dashboard{}
	err := readConfigs(dir, func(content []byte) error {
		var file struct {
			Providers []struct {
				Name, Type, Folder              string
				AllowUIUpdates, DisableDeletion bool
				Options                         struct{ Path string }
			}
		}
		if err := yaml.Unmarshal(content, &file); err != nil {
			return fmt.Errorf("read YAML: %w", err)
		}
		for _, provider := range file.Providers {
			if provider.Type != "file" || provider.Name == "" || provider.AllowUIUpdates || !provider.DisableDeletion {
				return fmt.Errorf("the provider %q of type %q: want a name, the type file, and what nobody changes or deletes", provider.Name, provider.Type)
			}
			entries, err := os.ReadDir(provider.Options.Path)
			if err != nil {
				return fmt.Errorf("the provider %q: %w", provider.Name, err)
			}
			for _, entry := range entries {
				if !strings.HasSuffix(entry.Name(), ".json") {
					continue
				}
				d, err := readDashboard(filepath.Join(provider.Options.Path, entry.Name()), sources)
				if err != nil {
					return err
				}
				if dashboards[d.uid].uid != "" {
					return fmt.Errorf("%s: the uid %q is there twice", entry.Name(), d.uid)
				}
				d.folder = provider.Folder
				dashboards[d.uid] = d
			}
		}
		return nil
	})
	return dashboards, err
}

func readDashboard(path string, sources map[string]source) (dashboard, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return dashboard{}, fmt.Errorf("read dashboard: %w", err)
	}
	var decoded map[string]any
	if err := json.Unmarshal(content, &decoded); err != nil {
		return dashboard{}, fmt.Errorf("%s: read JSON: %w", path, err)
	}
	d := dashboard{content: content}
	d.uid, _ = decoded["uid"].(string)
	d.title, _ = decoded["title"].(string)
	if d.uid == "" || d.title == "" {
		return dashboard{}, fmt.Errorf("%s: the uid or the title is missing", path)
	}
	for uid := range asked(decoded) {
		if _, there := sources[uid]; !there && !strings.HasPrefix(uid, "$") && !strings.HasPrefix(uid, "--") && uid != "grafana" {
			return dashboard{}, fmt.Errorf("%s: it asks the data source %q, which isn't provisioned", path, uid)
		}
	}
	return d, nil
}

// asked are the uids of the data sources that a dashboard refers to, wherever in it.
func asked(value any) map[string]bool {
	found := map[string]bool{}
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			if ref, ok := inner.(map[string]any); ok && key == "datasource" {
				if uid, ok := ref["uid"].(string); ok {
					found[uid] = true
				}
			} else if name, ok := inner.(string); ok && key == "datasource" {
				found[name] = true
			}
			maps.Copy(found, asked(inner))
		}
	case []any:
		for _, inner := range value {
			maps.Copy(found, asked(inner))
		}
	}
	return found
}

// readConfigs hands over every YAML file of a folder whose apiVersion is 1.
func readConfigs(dir string, take func([]byte) error) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("read provisioning: %w", err)
	}
	for _, entry := range entries {
		if ext := filepath.Ext(entry.Name()); ext != ".yaml" && ext != ".yml" {
			continue
		}
		path := filepath.Join(dir, entry.Name())
		content, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read provisioning: %w", err)
		}
		var version struct{ APIVersion int }
		if err := yaml.Unmarshal(content, &version); err != nil {
			return fmt.Errorf("%s: read YAML: %w", path, err)
		}
		if version.APIVersion != 1 {
			return fmt.Errorf("%s: the apiVersion is %d, want 1", path, version.APIVersion)
		}
		if err := take(content); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

var variable = regexp.MustCompile(`\$__(\w+){([^}]+)}`)

// interpolate replaces variables and files' contents as Grafana does in provisioning: what a file holds is looked through again,
// and $$ is a $.
func interpolate(value *string) error {
	parts := strings.Split(*value, "$$")
	for i := range parts {
		for _, match := range variable.FindAllStringSubmatch(parts[i], -1) {
			content := os.Getenv(match[2])
			if match[1] == "file" {
				read, err := os.ReadFile(match[2])
				if err != nil {
					return fmt.Errorf("expand %s: %w", match[0], err)
				}
				content = strings.TrimSpace(string(read))
			}
			parts[i] = strings.Replace(parts[i], match[0], content, 1)
		}
		parts[i] = os.ExpandEnv(parts[i])
	}
	*value = strings.Join(parts, "$")
	return nil
}
