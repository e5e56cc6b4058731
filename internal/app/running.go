package app

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"regia/internal/experience"
)

// Running is how a command reaches the server that has the folder.
type Running struct {
	Address string `json:"address"` // http://host:port
	Token   string `json:"token"`
	PID     int    `json:"pid"`
}

// lock takes the folder for this process. Conflict when another has it.
func (c Config) lock() (*flock.Flock, error) {
	l := flock.New(filepath.Join(c.Data, lockFile), flock.SetPermissions(0o600))
	ok, err := l.TryLock()
	if err != nil {
		return nil, experience.Errorf(experience.Unavailable, "the folder %s cannot be locked: %w", c.Data, err)
	}
	if !ok {
		where := ""
		if r, err := c.Running(); err == nil {
			where = " (it answers at " + r.Address + ")"
		}
		return nil, experience.Errorf(experience.Conflict, "another Regia is using the folder %s%s: stop it first, or choose another folder with --data", c.Data, where)
	}
	return l, nil
}

// Running reads how to reach the server that has the folder. NotFound when
// none has written it.
func (c Config) Running() (Running, error) {
	var r Running
	raw, err := os.ReadFile(filepath.Join(c.Data, serverFile))
	if errors.Is(err, os.ErrNotExist) {
		return r, experience.Errorf(experience.NotFound, "no server runs on the folder %s", c.Data)
	}
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	return r, err
}

// announce writes how to reach this server, for its owner's eyes only.
func (c Config) announce(r Running) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	path := filepath.Join(c.Data, serverFile)
	temporary := path + ".new"
	if err := os.WriteFile(temporary, raw, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

func (c Config) conceal() { _ = os.Remove(filepath.Join(c.Data, serverFile)) }
