package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
)

// Ceiling serves what no server on the same machine, with the same library,
// can do better: it reads requests, throws them away and answers as many bytes
// as Regia does. It writes its address to out and ends when in does.
func Ceiling(in io.Reader, out io.Writer) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // whoever sends may be gone
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = io.WriteString(w, `{"accepted":100,"rejected":[]}`+"\n")
	})
	server := &http.Server{Handler: handler, ReadHeaderTimeout: startPatience}
	fmt.Fprintln(out, listener.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, in)
		_ = server.Close()
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// startCeiling starts `regia bench ceiling`, which ends with this process.
func (b *Bench) startCeiling(ctx context.Context) (p *Process, address string, err error) {
	said, says, err := os.Pipe()
	if err != nil {
		return nil, "", err
	}
	defer said.Close()
	p, err = b.start(ctx, func(cmd *exec.Cmd) (err error) {
		cmd.Stdout = says
		_, err = cmd.StdinPipe() // closed by the system when this process is gone
		return err
	}, "bench", "ceiling")
	if err = errors.Join(err, says.Close()); err != nil {
		return nil, "", err
	}
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		return nil, "", errors.Join(err, p.Stop())
	}
	return p, strings.TrimSpace(line), nil
}
