package app

import (
	"context"

	"regia/internal/access"
	"regia/internal/mail"
)

// openMail makes the queue of mails that rooms send by.
func (a *App) openMail(ctx context.Context) (err error) {
	a.Mail, err = mail.New(ctx, mail.Options{Book: a.Registry, Clock: a.Clock, Logger: a.Logger})
	return err
}

// mailRoom wires the settings of mails.
func (a *App) mailRoom() *mail.Room { return &mail.Room{Outbox: a.Mail, Tabs: access.Tabs} }
