package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"regia/internal/collect"
	"regia/internal/experience"
	"regia/internal/stream"
)

// drain is how long requests under way may take once Regia was told to stop.
const drain = 15 * time.Second

// Background weaves, and tidies the ledger, until ctx ends.
func (a *App) Background(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		// A weaver that had to stop leaves the front door open: what arrives is
		// kept in the log. Readiness and doctor say what is wrong.
		if err := a.weaver.Run(ctx); err != nil {
			a.failure.Store(&err)
		}
		return nil
	})
	g.Go(func() error { return a.tidy(ctx) })
	g.Go(func() error { return a.Impact.Run(ctx) })
	g.Go(func() error { return a.asking.run(ctx, a.Surveys.Run) })
	g.Go(func() error { return a.asking.run(ctx, a.Mail.Run) })
	g.Go(func() error { return a.asking.run(ctx, a.Invitations.Run) })
	g.Go(func() error { return a.Listen.Run(ctx) })
	g.Go(func() error { return a.Voice.Run(ctx) })
	g.Go(func() error { return a.asking.run(ctx, a.FollowUps.Run) })
	return g.Wait()
}

// Failing is what stopped the weaver; nil while nothing did.
func (a *App) Failing() error {
	if err := a.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// Serve listens, serves and weaves until ctx ends, then lets what is under way
// finish. Ready is called once requests are answered, with the address.
func (a *App) Serve(ctx context.Context, ready func(address string)) error {
	listener, err := net.Listen("tcp", a.Config.Listen)
	if err != nil {
		return experience.Errorf(experience.Unavailable, "Regia cannot listen on %s: %w. Is another program using it? Choose another with --listen", a.Config.Listen, err)
	}
	bears := usualPatience
	if bears.trusted, err = collect.ParseNetworks(a.Config.TrustedProxies); err != nil {
		return errors.Join(err, listener.Close())
	}
	server, entrance := bears.serve(a.Site, a.Site.Direct, listener, a.Logger)
	server.RegisterOnShutdown(a.Site.CloseStreams)
	address := "http://" + listener.Addr().String()
	if err := a.Config.announce(Running{Address: address, Token: string(a.local), PID: os.Getpid()}); err != nil {
		return errors.Join(err, listener.Close())
	}
	defer a.Config.conceal()

	// The weaver outlives the server a little, so that what was acknowledged last is woven too where that is quick.
	weaving, stopWeaving := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWeaving()
	var g errgroup.Group
	g.Go(func() error { return a.Background(weaving) })
	g.Go(func() error { return a.serveDevices(ctx) })
	g.Go(func() error {
		if err := a.Imports.Resume(weaving); err != nil {
			a.Logger.Warn("imports that were under way could not be resumed", "error", err)
		}
		return nil
	})
	g.Go(func() error {
		if err := server.Serve(entrance); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		defer stopWeaving()
		a.Logger.Info("stopping: requests under way are finished first")
		patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		err := errors.Join(server.Shutdown(patience), entrance.Shutdown(patience))
		if err != nil {
			err = errors.Join(err, server.Close())
		}
		a.door.Close()
		return err
	})
	giveBack() // of the start, which takes more than what follows
	ready(address)
	return g.Wait()
}

// Caught waits until the books have everything the log had when it was called.
func (a *App) Caught(ctx context.Context) error {
	tail, err := a.Log.Tail(ctx)
	if err != nil {
		return err
	}
	return a.wait(ctx, func() (bool, error) {
		head, err := a.Ledger.Head(ctx)
		return head.Position.Sequence >= tail.Last, err
	})
}

// wait asks done again each time the weaver has committed.
func (a *App) wait(ctx context.Context, done func() (bool, error)) error {
	told, cancel, err := stream.Woken(a.Log, "regia.woven")
	if err != nil {
		return err
	}
	defer cancel()
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		if err := a.Failing(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-told:
		case <-again.C:
		}
	}
}
