package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"
)

// maxFiles is how much a page may hold, in bytes.
const maxFiles = 64 << 20

// ErrNoPage says that the folder holds no page.
var ErrNoPage = errors.New("no index.html")

// Cache-Control of what never changes under its name, and of what may.
const (
	immutable  = "public, max-age=31536000, immutable"
	revalidate = "no-cache"
)

// File is something to serve from memory.
type File struct {
	body        []byte
	contentType string
	etag        string
	cache       string
}

// NewFile returns a file that browsers must ask about each time.
func NewFile(body []byte, contentType string) *File {
	sum := sha256.Sum256(body)
	return &File{body: body, contentType: contentType, etag: `"` + hex.EncodeToString(sum[:12]) + `"`, cache: revalidate}
}

// ServeHTTP serves the file; a range or a matching tag is honoured.
func (f *File) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("ETag", f.etag)
	h.Set("Cache-Control", f.cache)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.body))
}

// Files is a page's folder.
type Files map[string]*File

// hashed matches a name with a hash before its extension; the hash must have a digit or a capital to be one.
var hashed = regexp.MustCompile(`[-.]([A-Za-z0-9_]{8,})\.[a-z0-9]+(?:\.map)?$`) //nolint:gochecknoglobals // a constant

// ReadFiles reads all files of the folder. It returns an error that wraps ErrNoPage when there is no page.
func ReadFiles(folder fs.FS) (Files, error) {
	files := make(Files)
	total := 0
	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(folder, name)
		if err != nil {
			return err
		}
		if total += len(body); total > maxFiles {
			return fmt.Errorf("more than %d bytes", maxFiles)
		}
		f := NewFile(body, contentType(name))
		if m := hashed.FindStringSubmatch(name); m != nil && strings.ContainsAny(m[1], "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
			f.cache = immutable
		}
		files["/"+name] = f
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read page: %w", err)
	}
	index, ok := files["/index.html"]
	if !ok {
		return nil, fmt.Errorf("read page: %w; build the page first", ErrNoPage)
	}
	files["/"] = index
	return files, nil
}

// ServeHTTP serves the file of the request's path.
func (f Files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	file, ok := f[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	file.ServeHTTP(w, r)
}

func contentType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".json", ".map":
		return "application/json"
	case ".geojson":
		return "application/geo+json"
	case ".webmanifest":
		return "application/manifest+json"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".webp":
		return "image/webp"
	case ".ico":
		return "image/x-icon"
	case ".woff2":
		return "font/woff2"
	case ".wasm":
		return "application/wasm"
	case ".txt":
		return "text/plain; charset=utf-8"
	default:
		return "application/octet-stream"
	}
}
