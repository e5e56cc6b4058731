package web

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// dist holds what npm built. On a fresh clone it holds only .keep: pages then
// work without styles.
//
//go:embed all:dist
var dist embed.FS

func distFiles() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name is a constant: cannot be
	}
	return sub
}

// asset is one built file, compressed once.
type asset struct {
	kind   string
	plain  []byte
	zipped []byte // nil when compressing does not help
}

// assets are the built files by their hashed names.
type assets struct {
	files    map[string]asset
	manifest map[string]string // logical name, such as app.js -> hashed name
	missing  bool
}

// loadAssets reads manifest.json and what it names. No manifest: not built.
func loadAssets(files fs.FS) (*assets, error) {
	a := &assets{files: map[string]asset{}, manifest: map[string]string{}}
	text, err := fs.ReadFile(files, "manifest.json")
	if errors.Is(err, fs.ErrNotExist) {
		a.missing = true
		return a, nil
	}
	if err != nil {
		return nil, fmt.Errorf("assets: %w", err)
	}
	if err := json.Unmarshal(text, &a.manifest); err != nil {
		return nil, fmt.Errorf("assets: manifest.json: %w", err)
	}
	for _, name := range a.manifest {
		plain, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("assets: %w", err)
		}
		a.files[name] = asset{kind: mimeOf(name), plain: plain, zipped: zip(plain)}
	}
	return a, nil
}

func mimeOf(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".ts":
		return "text/plain; charset=utf-8" // not the film format of that name
	case ".svg":
		return "image/svg+xml"
	}
	return mime.TypeByExtension(path.Ext(name))
}

func zip(plain []byte) []byte {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil
	}
	if _, err := z.Write(plain); err != nil || z.Close() != nil || b.Len() >= len(plain) {
		return nil
	}
	return b.Bytes()
}

// url gives the address of a built file; "" when there is none.
func (a *assets) url(logical string) string {
	if name, ok := a.manifest[logical]; ok {
		return "/assets/" + name
	}
	return ""
}

// write answers with a file. Its headers about caching are the caller's.
func (f asset) write(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Add("Vary", "Accept-Encoding")
	body := f.plain
	if f.zipped != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = f.zipped
	}
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return
	}
	_, _ = w.Write(body) // the reader may be gone
}

// favicon sends browsers that insist to the drawn one.
func (a *assets) favicon(w http.ResponseWriter, r *http.Request) {
	if to := a.url("icon.svg"); to != "" {
		http.Redirect(w, r, to, http.StatusFound)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
