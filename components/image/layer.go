package image

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// collect adds the files of a folder to the content of an image, by their path in it.
func collect(content map[string][]byte, from string, files Files) error {
	if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("folder %s isn't there: run `%s`", files.From, files.Made)
	}
	before := len(content)
	err := filepath.WalkDir(from, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return nil
		case !entry.Type().IsRegular():
			return fmt.Errorf("%s is no regular file", file)
		}
		name, err := filepath.Rel(from, file)
		if err != nil {
			return err
		}
		bytes, err := os.ReadFile(file) // a file of our source tree
		content[path.Join("/", files.To, filepath.ToSlash(name))] = bytes
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("read folder %s: %w", files.From, err)
	case len(content) == before:
		return fmt.Errorf("folder %s is empty: run `%s`", files.From, files.Made)
	}
	return nil
}

// newLayer makes a layer of the content, in which the program alone is executable. Order, owner, mode and time depend on the
// content alone.
func newLayer(content map[string][]byte, program string) (v1.Layer, error) {
	entries := map[string]*tar.Header{}
	for name, bytes := range content {
		mode := int64(0o444)
		if name == "/"+program {
			mode = 0o555
		}
		entries[name] = &tar.Header{Typeflag: tar.TypeReg, Name: name[1:], Mode: mode, Size: int64(len(bytes))}
		for dir := path.Dir(name); dir != "/"; dir = path.Dir(dir) {
			entries[dir] = &tar.Header{Typeflag: tar.TypeDir, Name: dir[1:] + "/", Mode: 0o555}
		}
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, name := range slices.Sorted(maps.Keys(entries)) { // a folder sorts before what is in it
		header := entries[name]
		header.ModTime, header.Format = time.Unix(0, 0), tar.FormatUSTAR
		if err := w.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("write %s: %w", name, err)
		}
		if _, err := w.Write(content[name]); err != nil {
			return nil, fmt.Errorf("write %s: %w", name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("close archive: %w", err)
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(archive.Bytes())), nil
	})
}
