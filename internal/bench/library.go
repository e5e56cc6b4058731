package bench

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"

	"regia/internal/experience"
)

// library sends as programs do that use a library: what it says is encoded by
// encoding/json, and sent by net/http's client.
type library struct {
	client http.Client
	base   string
	answer bytes.Buffer
}

func newLibrary(address string) *library {
	return &library{client: http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1, DisableCompression: true}}, base: "http://" + address + "/v1/"}
}

func (w *library) close() { w.client.CloseIdleConnections() }

func (w *library) post(path, key string, body []byte) (status int, err error) {
	r, err := http.NewRequest(http.MethodPost, w.base+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(key, "")
	answer, err := w.client.Do(r)
	if err != nil {
		return 0, err
	}
	w.answer.Reset()
	_, err = io.Copy(&w.answer, answer.Body)
	if closeErr := answer.Body.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = whole(answer.StatusCode, w.answer.Bytes())
	}
	return answer.StatusCode, err
}

// encode encodes a body as a library does.
func encode(body []byte) ([]byte, error) {
	encoded, err := json.Marshal(json.RawMessage(body))
	if err != nil {
		return nil, experience.Errorf(experience.Internal, "an event of the benchmark is not JSON: %w", err)
	}
	return encoded, nil
}
