package web

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"net/http"
	"strings"
)

// Library is regia.js, which sites load into their own pages.
type Library struct {
	Path      string // of this very version: what it answers never changes
	Stable    string // of the newest version
	Integrity string // of this version, as an integrity attribute wants it
}

// Libraries keeps what sites were once told to load: a page that names a
// version and its integrity must find it after Regia was renewed, too.
type Libraries interface {
	// Library gives a version by its file name; none is nil and no error.
	Library(ctx context.Context, name string) ([]byte, error)
	// KeepLibrary keeps a version for good.
	KeepLibrary(ctx context.Context, name string, script []byte) error
}

const (
	libraryFile   = "regia.js" // logical names of built files
	libraryTypes  = "regia.d.ts"
	libraryWidget = "regia-widget.js"
	libraryPath   = "/" + libraryFile
	// libraryFresh is how long a site's visitors may go on with the library
	// they have, in seconds.
	libraryFresh = "600"
)

// Library tells where regia.js is; false when it was not built.
func (s *Site) Library() (Library, bool) {
	name, ok := s.assets.manifest[libraryFile]
	if !ok {
		return Library{}, false
	}
	sum := sha512.Sum384(s.assets.files[name].plain)
	return Library{
		Path: s.assets.url(libraryFile), Stable: libraryPath,
		Integrity: "sha384-" + base64.StdEncoding.EncodeToString(sum[:]),
	}, true
}

// KeepLibrary writes the library down for the day when another one is built.
func (s *Site) KeepLibrary(ctx context.Context) error {
	name, ok := s.assets.manifest[libraryFile]
	if !ok || s.options.Libraries == nil {
		return nil
	}
	return s.options.Libraries.KeepLibrary(ctx, name, s.assets.files[name].plain)
}

// newestLibrary answers with a file of the library as it is now, under a name
// that stays.
func (s *Site) newestLibrary(logical string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		forEverySite(h)
		name, ok := s.assets.manifest[logical]
		if !ok {
			h.Set("Cache-Control", "no-store")
			http.Error(w, logical+" was not built with this Regia: run make build", http.StatusServiceUnavailable)
			return
		}
		tag := `W/"` + name + `"` // weak: the same whether compressed or not
		h.Set("Cache-Control", "public, max-age="+libraryFresh)
		h.Set("ETag", tag)
		if strings.Contains(r.Header.Get("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		s.assets.files[name].write(w, r)
	}
}

// isLibrary tells files that other sites load from those of our own pages.
func isLibrary(name string) bool {
	return strings.HasPrefix(name, "regia-") && strings.HasSuffix(name, ".js")
}

// forEverySite lets pages of other sites read an answer, which they must to
// check its integrity.
func forEverySite(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
}

// serveAsset answers with a built file, or with a library of former days.
func (s *Site) serveAsset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	f, ok := s.assets.files[name]
	if isLibrary(name) {
		forEverySite(w.Header())
		if !ok && s.options.Libraries != nil {
			script, err := s.options.Libraries.Library(r.Context(), name)
			if err != nil {
				q, _ := s.request(r) // who asks does not matter here
				s.fail(w, q, err)
				return
			}
			f, ok = asset{kind: mimeOf(name), plain: script}, script != nil
		}
	}
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	f.write(w, r)
}
