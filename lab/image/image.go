// Package image writes container images without a container engine: one layer of given files on an empty base, as an archive
// that containerd imports. It refuses anything but regular files, directories and symbolic links.
package image

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// Entry is one thing in the layer.
type Entry struct {
	// Path is the absolute path in the image.
	Path string
	// Source is the file or, with everything under it, the directory of the machine to copy. Empty makes an empty directory,
	// or with Link a symbolic link.
	Source string
	// Link is the target of a symbolic link.
	Link string
	// Content is the text of a file; it excludes Source and Link.
	Content string
	// Mode is an empty directory's or a text's permission bits. Default 0755. Copied files keep theirs.
	Mode int64
	// Skip names directory entries under Source, by path relative to it, that are left out.
	Skip []string
	// UID owns an empty directory. Default 0.
	UID int
}

// Image is what Write makes.
type Image struct {
	// Names are the references under which the image is known; at least one.
	Names      []string
	Entries    []Entry
	Entrypoint []string
	Env        []string
	// User is "uid" or "uid:gid". Default root, as for the control plane.
	User   string
	Labels map[string]string
}

// Write makes the image and leaves it as an archive at path, whole or not at all.
func Write(path string, img Image) (err error) {
	layer, err := os.CreateTemp(filepath.Dir(path), ".layer-*")
	if err != nil {
		return fmt.Errorf("make layer file: %w", err)
	}
	defer func() { err = errors.Join(err, layer.Close(), os.Remove(layer.Name())) }()
	if err := writeLayer(layer, img.Entries); err != nil {
		return err
	}
	// Speed, not size: the archive never leaves this machine.
	l, err := tarball.LayerFromFile(layer.Name(), tarball.WithCompressionLevel(gzip.BestSpeed))
	if err != nil {
		return fmt.Errorf("read layer: %w", err)
	}
	out, err := mutate.AppendLayers(empty.Image, l)
	if err != nil {
		return fmt.Errorf("append layer: %w", err)
	}
	config, err := out.ConfigFile()
	if err != nil {
		return fmt.Errorf("read image config: %w", err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", runtime.GOARCH
	config.Config = v1.Config{
		Entrypoint: img.Entrypoint, Env: append([]string{"PATH=/usr/local/bin:/usr/bin:/bin"}, img.Env...),
		User: img.User, Labels: img.Labels,
	}
	if out, err = mutate.ConfigFile(out, config); err != nil {
		return fmt.Errorf("set image config: %w", err)
	}
	refs := map[name.Tag]v1.Image{}
	for _, n := range img.Names {
		tag, err := name.NewTag(n)
		if err != nil {
			return fmt.Errorf("read image name: %w", err)
		}
		refs[tag] = out
	}
	if err := tarball.MultiWriteToFile(path+".part", refs); err != nil {
		return fmt.Errorf("write image %s: %w", img.Names[0], err)
	}
	if err := os.Rename(path+".part", path); err != nil {
		return fmt.Errorf("finish image %s: %w", img.Names[0], err)
	}
	return nil
}

func writeLayer(w io.Writer, entries []Entry) error {
	tw := tar.NewWriter(w)
	for _, e := range entries {
		if err := writeEntry(tw, e); err != nil {
			return fmt.Errorf("add %s: %w", e.Path, err)
		}
	}
	return tw.Close()
}

func writeEntry(tw *tar.Writer, e Entry) error {
	dst := strings.TrimPrefix(e.Path, "/")
	mode := e.Mode
	if mode == 0 {
		mode = 0o755
	}
	switch {
	case e.Source != "":
		return copyTree(tw, e.Source, dst, e.Skip)
	case e.Link != "":
		return tw.WriteHeader(&tar.Header{Name: dst, Typeflag: tar.TypeSymlink, Linkname: e.Link})
	case e.Content != "":
		if err := tw.WriteHeader(&tar.Header{Name: dst, Mode: mode, Size: int64(len(e.Content))}); err != nil {
			return err
		}
		_, err := io.WriteString(tw, e.Content)
		return err
	}
	return tw.WriteHeader(&tar.Header{Name: dst + "/", Typeflag: tar.TypeDir, Mode: mode, Uid: e.UID, Gid: e.UID})
}

func copyTree(tw *tar.Writer, src, dst string, skip []string) error {
	return filepath.WalkDir(src, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(src, path)
		if err != nil {
			return err
		}
		for _, s := range skip {
			if rel == s {
				if d.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
		}
		return copyFile(tw, path, filepath.Join(dst, rel), d)
	})
}

func copyFile(tw *tar.Writer, src, dst string, d fs.DirEntry) error {
	info, err := d.Info()
	if err != nil {
		return err
	}
	link := ""
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		if link, err = os.Readlink(src); err != nil {
			return err
		}
	case !info.IsDir() && !info.Mode().IsRegular():
		return nil // a device or socket of a package's; an image has its own
	}
	h, err := tar.FileInfoHeader(info, link)
	if err != nil {
		return err
	}
	h.Name = dst
	if info.IsDir() {
		h.Name += "/"
	}
	if err := tw.WriteHeader(h); err != nil || !info.Mode().IsRegular() {
		return err
	}
	f, err := os.Open(src)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(tw, f)
	return err
}
