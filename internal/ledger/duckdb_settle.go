package ledger

import (
	"context"
	"database/sql/driver"

	"github.com/duckdb/duckdb-go/v2"
)

// settling gives connections that leave nothing behind where a question is given
// up. The driver lets go of a question whose context ends between planning and
// running; DuckDB then keeps its transaction and its plan until the connection's
// next question. One that is closed before keeps the whole database in memory,
// and opening the file again waits for it for ever.
type settling struct{ *duckdb.Connector }

// Close leaves the database open: the pool of the writer closes it.
func (settling) Close() error { return nil }

func (s settling) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := s.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return settlingConn{c.(*duckdb.Conn)}, nil
}

type settlingConn struct{ *duckdb.Conn }

func (c settlingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := c.Conn.QueryContext(ctx, query, args)
	c.settle(ctx, err)
	return rows, err
}

func (c settlingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	r, err := c.Conn.ExecContext(ctx, query, args)
	c.settle(ctx, err)
	return r, err
}

func (c settlingConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	tx, err := c.Conn.BeginTx(ctx, o)
	c.settle(ctx, err)
	return tx, err
}

// settle asks something else where a question was given up. That may fail, in a
// transaction that cannot go on: what was left is gone all the same.
func (c settlingConn) settle(ctx context.Context, err error) {
	if err != nil && ctx.Err() != nil {
		_, _ = c.Conn.ExecContext(context.WithoutCancel(ctx), `SELECT 1`, nil)
	}
}
