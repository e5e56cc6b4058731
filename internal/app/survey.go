package app

import (
	"context"
	"net/http"
	"net/netip"

	"regia/internal/collect"
	"regia/internal/survey"
	"regia/internal/weave"
)

// surveyRoom wires the room that asks.
func (a *App) surveyRoom(ctx context.Context, proxies []netip.Prefix) (*survey.Room, error) {
	secret, err := a.Registry.Secret(ctx)
	if err != nil {
		return nil, err
	}
	return survey.New(survey.Options{
		Store: survey.NewStore(a.Registry, a.Clock), Tickets: survey.NewTickets(secret), Log: a.Log.Append, Source: weave.OwnSource,
		Address: func(r *http.Request) string { return collect.Address(r, proxies) },
		BaseURL: a.Config.URL, Clock: a.Clock, Logger: a.Logger,
	}), nil
}
