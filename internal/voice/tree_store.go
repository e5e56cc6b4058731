package voice

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
	"regia/internal/web"
)

// What somebody did to the tree of topics.
const (
	didRename  = "renamed"
	didWords   = "words"
	didAdd     = "added"
	didOff     = "off"
	didOn      = "on"
	didWhole   = "whole"    // by a program, of several topics at once
	didRestore = "restored" // an earlier version
)

// VoiceTreeVersion is a state of the tree of topics, and who made it.
type VoiceTreeVersion struct {
	Version int64     `json:"version"`
	What    string    `json:"what" enum:"renamed,words,added,off,on,whole,restored"`
	Topic   string    `json:"topic" doc:"Key of the topic it is about; empty: of several"`
	Of      int64     `json:"of" doc:"Of restored: which version holds again"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
}

// deed is what a new version of the tree is about.
type deed struct {
	what, topic string
	of          int64
}

// topicTree gives the topics as they hold now.
func (r *Room) topicTree(ctx context.Context) (*topicTree, error) {
	var version int64
	var raw string
	known := r.tree.Load()
	err := r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) (err error) {
		if version, err = latestTree(ctx, tx); err != nil || known != nil && known.version == version {
			return err
		}
		raw, err = treeChanges(ctx, tx, version)
		return err
	})
	if err != nil {
		return nil, err
	}
	if known != nil && known.version == version {
		return known, nil
	}
	t, err := storedTree(version, raw)
	if err == nil {
		r.tree.Store(t)
	}
	return t, err
}

func storedTree(version int64, raw string) (*topicTree, error) {
	var changes []topicChange
	if raw != "" {
		if err := json.Unmarshal([]byte(raw), &changes); err != nil {
			return nil, err
		}
	}
	return newTree(version, changes)
}

// latestTree gives the number of the version that holds; 0 is Regia's own tree.
func latestTree(ctx context.Context, tx registry.Tx) (version int64, err error) {
	err = tx.QueryRow(ctx, `SELECT COALESCE(max(version), 0) FROM voice_trees`).Scan(&version)
	return version, err
}

// treeChanges gives what a version changed, as it is kept.
func treeChanges(ctx context.Context, tx registry.Tx, version int64) (raw string, err error) {
	if version == 0 {
		return "", nil
	}
	err = tx.QueryRow(ctx, `SELECT changes FROM voice_trees WHERE version = $1`, version).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		err = experience.Errorf(experience.NotFound, "voice.error.topics.version")
	}
	return raw, err
}

// SaveTopics makes a tree the one that holds, unless it is not of the version
// that holds: somebody else was faster. From then on texts are read by it, and
// those that were read are read anew.
func (r *Room) SaveTopics(ctx context.Context, of int64, topics []VoiceTopic, did deed, by *web.User) (*topicTree, error) {
	if t, err := r.topicTree(ctx); err != nil || t.version != of {
		return nil, cmp.Or(err, error(experience.Errorf(experience.Conflict, "voice.error.topics.conflict")))
	}
	if err := checkTopics(topics); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(changesOf(topics))
	if err != nil {
		return nil, err
	}
	return r.putTree(ctx, of, did, by, func(context.Context, registry.Tx) (string, error) { return string(raw), nil })
}

// RestoreTopics makes an earlier version hold again, as a new one.
func (r *Room) RestoreTopics(ctx context.Context, of, version int64, by *web.User) (*topicTree, error) {
	return r.putTree(ctx, of, deed{what: didRestore, of: version}, by, func(ctx context.Context, tx registry.Tx) (string, error) {
		return treeChanges(ctx, tx, version)
	})
}

func (r *Room) putTree(ctx context.Context, of int64, did deed, by *web.User, changes func(context.Context, registry.Tx) (string, error)) (*topicTree, error) {
	now := r.Clock()
	var t *topicTree
	err := r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		holds, err := latestTree(ctx, tx)
		if err != nil {
			return err
		}
		if holds != of {
			return experience.Errorf(experience.Conflict, "voice.error.topics.conflict")
		}
		was, err := treeChanges(ctx, tx, holds)
		if err != nil {
			return err
		}
		raw, err := changes(ctx, tx)
		if err != nil {
			return err
		}
		if raw == was || raw+was == "[]" { // nothing is changed by it
			t, err = storedTree(holds, was)
			return err
		}
		if t, err = storedTree(holds+1, raw); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO voice_trees (version, changes, what, topic, of, made_by, made_name, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			holds+1, raw, did.what, did.topic, did.of, by.ID, by.Name, now.UnixMicro())
		return err
	})
	if err != nil {
		return nil, err
	}
	r.tree.Store(t)
	r.choices.forget()
	nudge(r.anew)
	return t, nil
}

// treeVersions gives the latest versions, the latest first.
func (r *Room) treeVersions(ctx context.Context, limit int) (out []VoiceTreeVersion, err error) {
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		out = []VoiceTreeVersion{}
		rows, err := tx.Query(ctx, `SELECT version, what, topic, of, made_name, made_at FROM voice_trees ORDER BY version DESC LIMIT $1`, limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var v VoiceTreeVersion
			var at int64
			if err := rows.Scan(&v.Version, &v.What, &v.Topic, &v.Of, &v.By, &at); err != nil {
				return err
			}
			v.At = time.UnixMicro(at).UTC()
			out = append(out, v)
		}
		return rows.Err()
	})
	return out, err
}

// VoiceProgress is how many texts were read by the topics and models that hold.
type VoiceProgress struct {
	Read int64 `json:"read"`
	All  int64 `json:"all"`
}

// done tells whether there is nothing left to read.
func (p VoiceProgress) done() bool { return p.Read >= p.All }

// progress tells how far reading anew has come.
func (r *Room) progress(ctx context.Context) (p VoiceProgress, err error) {
	t, err := r.topicTree(ctx)
	if err != nil {
		return p, err
	}
	models, err := r.current(ctx)
	if err != nil {
		return p, err
	}
	version := versionOf(models.With(t.rules))
	err = r.Book.Read(ctx, func(ctx context.Context, tx registry.Tx) error {
		return tx.QueryRow(ctx, `SELECT count(*), COALESCE(sum(CASE WHEN model = $1 THEN 1 ELSE 0 END), 0) FROM voices WHERE worded = 1`, version).Scan(&p.All, &p.Read)
	})
	return p, err
}

// edited gives the topics of a tree with one of them put, or added behind its
// fellows, and what that is.
func (t *topicTree) edited(one VoiceTopic) ([]VoiceTopic, deed) {
	topics := slices.Clone(t.topics)
	was := t.find(one.Key)
	if was == nil {
		at := len(topics)
		if one.Parent != "" {
			for i, x := range topics {
				if x.Key == one.Parent || x.Parent == one.Parent {
					at = i + 1
				}
			}
		}
		return slices.Insert(topics, at, one), deed{what: didAdd, topic: one.Key}
	}
	did := deed{what: didRename, topic: one.Key}
	words := len(phrasesBoth(was.Surely, one.Surely)) + len(phrasesBoth(was.Words, one.Words))
	switch {
	case one.Off && !was.Off:
		did.what = didOff
	case !one.Off && was.Off:
		did.what = didOn
	case words > 0:
		did.what = didWords
	}
	*(&topicTree{topics: topics}).find(one.Key) = one
	return topics, did
}

// phrasesBoth gives the phrases that came or went.
func phrasesBoth(was, now map[string][]string) (out []string) {
	c := phrasesChanged(was, now)
	for _, lists := range []map[string][]string{c.Added, c.Dropped} {
		for _, list := range lists {
			out = append(out, list...)
		}
	}
	return out
}
