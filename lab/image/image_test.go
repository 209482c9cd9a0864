package image

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

func TestAnImageHoldsWhatItIsMadeOfUnderEachOfItsNames(t *testing.T) {
	src := t.TempDir()
	if err := os.MkdirAll(filepath.Join(src, "keep"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"program", "keep/a", "skipped"} {
		if err := os.WriteFile(filepath.Join(src, f), []byte(f), 0o755); err != nil { //nolint:gosec // a program is executable
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "x.tar")
	names := []string{"fleetman.lab/a:1", "fleetman.lab/b:2"}
	err := Write(path, Image{
		Names: names,
		Entries: []Entry{
			{Path: "/tree", Source: src, Skip: []string{"skipped"}},
			{Path: "/link", Link: "tree/program"},
			{Path: "/text", Content: "hello", Mode: 0o600},
			{Path: "/data", UID: 999},
		},
		User: "999", Labels: map[string]string{standsInFor: "something"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		tag, err := name.NewTag(n)
		if err != nil {
			t.Fatal(err)
		}
		img, err := tarball.ImageFromPath(path, &tag)
		if err != nil {
			t.Fatalf("%s: %v", n, err)
		}
		config, err := img.ConfigFile()
		if err != nil || config.Config.User != "999" || config.Config.Labels[standsInFor] != "something" {
			t.Errorf("%s: %v, %v", n, config, err)
		}
		layers, err := img.Layers()
		if err != nil || len(layers) != 1 {
			t.Fatalf("%s has %d layers, %v", n, len(layers), err)
		}
		content, err := layers[0].Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]*tar.Header{}
		for r := tar.NewReader(content); ; {
			h, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got[h.Name] = h
		}
		if got["tree/program"] == nil || got["tree/program"].Mode&0o111 == 0 || got["tree/keep/a"] == nil || got["tree/skipped"] != nil ||
			got["link"] == nil || got["link"].Linkname != "tree/program" || got["text"] == nil || got["text"].Size != 5 ||
			got["data/"] == nil || got["data/"].Uid != 999 {
			t.Errorf("%s holds %v", n, got)
		}
	}
}

func TestAFingerprintFollowsTheContentOfFilesAndNotTheirTimes(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	fingerprintOf := func(text string) string {
		if err := os.WriteFile(program, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		sum, err := fingerprint(Image{Names: []string{"a:1"}, Entries: []Entry{{Path: "/program", Source: program}}})
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	first := fingerprintOf("one")
	if fingerprintOf("one") != first || fingerprintOf("two") == first {
		t.Error("the fingerprint is not the content's")
	}
}

func TestEveryStandInSaysWhatItStandsInFor(t *testing.T) {
	images := Catalogue("/bin", "/jre", "/jars")
	for _, stand := range []string{"activemq", "mongodb", "grafana"} {
		if images[stand].Labels[standsInFor] == "" {
			t.Errorf("%s does not say so", stand)
		}
	}
	for archive, img := range images {
		for _, n := range img.Names {
			if _, err := name.NewTag(n, name.StrictValidation); err != nil && img.Labels == nil {
				t.Errorf("%s: %v", archive, err)
			}
		}
	}
}
