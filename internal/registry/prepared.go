package registry

import (
	"context"
	"database/sql/driver"
)

// Reading a long statement's text takes SQLite longer than carrying it out, and
// rooms send the same few again and again. A preparedConn keeps what it has
// prepared; everything else is the connection's own.
type preparedConn struct {
	sqliteConn
	known map[string]*preparedStmt
}

// sqliteConn is what SQLite's driver gives and database/sql makes use of.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
}

// preparedStmt is one statement, which can be used by one set of rows at a time.
type preparedStmt struct {
	stmt driver.Stmt
	busy bool
}

// manyPrepared is how many statements a connection keeps: rooms in use at one
// moment have fewer, and each takes some 10 KB.
const manyPrepared = 64

// preparing opens connections that keep what they prepared.
type preparing struct {
	driver driver.Driver
	name   string
}

func (p preparing) Driver() driver.Driver { return p.driver }

func (p preparing) Connect(context.Context) (driver.Conn, error) {
	c, err := p.driver.Open(p.name)
	if err != nil {
		return nil, err
	}
	full, ok := c.(sqliteConn)
	if !ok {
		return c, nil
	}
	return &preparedConn{sqliteConn: full, known: map[string]*preparedStmt{}}, nil
}

// take gives a prepared statement, nil when it is busy or is not one.
func (c *preparedConn) take(ctx context.Context, query string) *preparedStmt {
	if s, ok := c.known[query]; ok {
		if s.busy {
			return nil
		}
		return s
	}
	if len(c.known) >= manyPrepared && !c.forget() {
		return nil
	}
	stmt, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil // the connection itself tells what is wrong with it
	}
	s := &preparedStmt{stmt: stmt}
	c.known[query] = s
	return s
}

// forget drops what is not in use, and tells whether there is room now.
func (c *preparedConn) forget() bool {
	for query, s := range c.known {
		if !s.busy {
			_ = s.stmt.Close() // it holds nothing that could be lost
			delete(c.known, query)
		}
	}
	return len(c.known) < manyPrepared
}

func (c *preparedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if s := c.take(ctx, query); s != nil {
		if run, ok := s.stmt.(driver.StmtExecContext); ok {
			return run.ExecContext(ctx, args)
		}
	}
	return c.sqliteConn.ExecContext(ctx, query, args)
}

func (c *preparedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if s := c.take(ctx, query); s != nil {
		if run, ok := s.stmt.(driver.StmtQueryContext); ok {
			rows, err := run.QueryContext(ctx, args)
			if err != nil {
				return nil, err
			}
			s.busy = true
			return &preparedRows{Rows: rows, of: s}, nil
		}
	}
	return c.sqliteConn.QueryContext(ctx, query, args)
}

// ResetSession and IsValid pass on what the driver says of the connection.
func (c *preparedConn) ResetSession(ctx context.Context) error {
	if r, ok := c.sqliteConn.(driver.SessionResetter); ok {
		return r.ResetSession(ctx)
	}
	return nil
}

func (c *preparedConn) IsValid() bool {
	v, ok := c.sqliteConn.(driver.Validator)
	return !ok || v.IsValid()
}

func (c *preparedConn) Close() error {
	for _, s := range c.known {
		_ = s.stmt.Close()
	}
	return c.sqliteConn.Close()
}

// preparedRows give their statement free when they are closed.
type preparedRows struct {
	driver.Rows
	of *preparedStmt
}

func (r *preparedRows) Close() error {
	err := r.Rows.Close()
	r.of.busy = false
	return err
}
