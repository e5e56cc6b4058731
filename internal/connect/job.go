package connect

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
)

// State is how far an import is.
type State string

// The states of an import.
const (
	Draft      State = "draft"       // files are here, what they mean is being said
	Running    State = "running"     // rows are being read and sent
	Done       State = "done"        // everything was read
	Cancelled  State = "cancelled"   // somebody stopped it; what was sent stays
	Failed     State = "failed"      // something stopped it; what was sent stays
	TakingBack State = "taking_back" // it is being taken back
	TakenBack  State = "taken_back"  // nothing of it is left
)

// Unknown says that a count is not known yet.
const Unknown = -1

// File is one that was given to an import.
type File struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
}

// Job is an import as the registry remembers it. Its id stands on everything
// that came with it.
type Job struct {
	ID         experience.ID
	State      State
	Origin     string // "browser", "api" or "cli"
	Mapping    string // its name
	Spec       string // the mapping, as YAML
	Form       *Form  // where the mapping was made of one; else nil
	Source     string // id of the source it comes in by
	Files      []File
	By         string // who started it
	CreatedAt  time.Time
	EndedAt    time.Time // zero: it has not
	Rows       int64
	Bytes      int64
	TotalBytes int64
	Made       int64 // interactions and profiles that the rows made
	Accepted   int64 // taken by the front door, known ones included
	Fresh      int64 // new in the books; Unknown until they have everything
	Rejected   int64 // rows
	Rejections []Rejection
	Failure    string
}

// Repeated is how many were there already; Unknown as Fresh is.
func (j Job) Repeated() int64 {
	if j.Fresh == Unknown {
		return Unknown
	}
	return max(0, j.Accepted-j.Fresh)
}

// Undoable tells whether there is something to take back.
func (j Job) Undoable() bool {
	switch j.State {
	case Done, Cancelled, Failed:
		return j.Accepted > 0 && j.Fresh != 0
	}
	return false
}

// Book is the registry as this room uses it.
type Book interface {
	Read(ctx context.Context, f func(ctx context.Context, tx registry.Tx) error) error
	Write(ctx context.Context, f func(ctx context.Context, tx registry.Tx) error) error
}

const jobColumns = `id, state, origin, mapping, spec, form, source, files, started_by, created_at, ended_at,
	rows_read, bytes_read, bytes_all, made, accepted, fresh, rejected, rejections, failure`

func scanJob(scan func(...any) error) (Job, error) {
	var j Job
	var id, form, files, rejections string
	var created, ended int64
	err := scan(&id, &j.State, &j.Origin, &j.Mapping, &j.Spec, &form, &j.Source, &files, &j.By, &created, &ended,
		&j.Rows, &j.Bytes, &j.TotalBytes, &j.Made, &j.Accepted, &j.Fresh, &j.Rejected, &rejections, &j.Failure)
	if err != nil {
		return j, err
	}
	j.CreatedAt = time.UnixMicro(created).UTC()
	if ended > 0 {
		j.EndedAt = time.UnixMicro(ended).UTC()
	}
	if form != "" {
		j.Form = &Form{}
		err = json.Unmarshal([]byte(form), j.Form)
	}
	parsed, idErr := experience.ParseID(id)
	j.ID = parsed
	return j, errors.Join(err, idErr, json.Unmarshal([]byte(files), &j.Files), json.Unmarshal([]byte(rejections), &j.Rejections))
}

// values are those of jobColumns.
func (j Job) values() ([]any, error) {
	form := ""
	if j.Form != nil {
		text, err := json.Marshal(j.Form)
		if err != nil {
			return nil, err
		}
		form = string(text)
	}
	files, err := json.Marshal(append([]File{}, j.Files...))
	if err != nil {
		return nil, err
	}
	rejections, err := json.Marshal(append([]Rejection{}, j.Rejections...))
	ended := int64(0)
	if !j.EndedAt.IsZero() {
		ended = j.EndedAt.UnixMicro()
	}
	return []any{
		j.ID.String(), string(j.State), j.Origin, j.Mapping, j.Spec, form, j.Source, string(files), j.By, j.CreatedAt.UnixMicro(), ended,
		j.Rows, j.Bytes, j.TotalBytes, j.Made, j.Accepted, j.Fresh, j.Rejected, string(rejections), j.Failure,
	}, err
}

func insertJob(ctx context.Context, tx registry.Tx, j Job) error {
	values, err := j.values()
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO imports (`+jobColumns+`)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20)`, values...)
	return err
}

func updateJob(ctx context.Context, tx registry.Tx, j Job) error {
	values, err := j.values()
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE imports SET state=$2, origin=$3, mapping=$4, spec=$5, form=$6, source=$7, files=$8, started_by=$9,
		created_at=$10, ended_at=$11, rows_read=$12, bytes_read=$13, bytes_all=$14, made=$15, accepted=$16, fresh=$17, rejected=$18,
		rejections=$19, failure=$20 WHERE id=$1`, values...)
	return err
}

func selectJob(ctx context.Context, tx registry.Tx, id experience.ID) (Job, error) {
	j, err := scanJob(tx.QueryRow(ctx, `SELECT `+jobColumns+` FROM imports WHERE id = $1`, id.String()).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return j, experience.Errorf(experience.NotFound, "connect.error.unknown")
	}
	return j, err
}

// listed is how many imports a list has at most.
const listed = 500

// selectJobs gives the imports of some states, the latest first; none: all.
func selectJobs(ctx context.Context, tx registry.Tx, state ...State) ([]Job, error) {
	query, args := `SELECT `+jobColumns+` FROM imports ORDER BY created_at DESC, id DESC LIMIT $1`, []any{listed}
	if len(state) > 0 {
		query, args = `SELECT `+jobColumns+` FROM imports WHERE state = $1 ORDER BY created_at`, []any{string(state[0])}
	}
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []Job{}
	for rows.Next() {
		j, err := scanJob(rows.Scan)
		if err != nil {
			return nil, err
		}
		out = append(out, j)
	}
	return out, rows.Err()
}

// Saved is a mapping that somebody saved.
type Saved struct {
	Name  string
	Spec  string
	Form  *Form
	By    string
	At    time.Time
	Ready bool // it came with Regia
}

func saveMapping(ctx context.Context, tx registry.Tx, s Saved) error {
	form := ""
	if s.Form != nil {
		text, err := json.Marshal(s.Form)
		if err != nil {
			return err
		}
		form = string(text)
	}
	_, err := tx.Exec(ctx, `INSERT INTO import_mappings (name, spec, form, saved_by, saved_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, form = excluded.form, saved_by = excluded.saved_by, saved_at = excluded.saved_at`,
		s.Name, s.Spec, form, s.By, s.At.UnixMicro())
	return err
}

func selectMappings(ctx context.Context, tx registry.Tx) ([]Saved, error) {
	rows, err := tx.Query(ctx, `SELECT name, spec, form, saved_by, saved_at FROM import_mappings ORDER BY saved_at DESC`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Saved
	for rows.Next() {
		var s Saved
		var form string
		var at int64
		if err := rows.Scan(&s.Name, &s.Spec, &form, &s.By, &at); err != nil {
			return nil, err
		}
		if form != "" {
			s.Form = &Form{}
			if err := json.Unmarshal([]byte(form), s.Form); err != nil {
				return nil, err
			}
		}
		s.At = time.UnixMicro(at).UTC()
		out = append(out, s)
	}
	return out, rows.Err()
}
