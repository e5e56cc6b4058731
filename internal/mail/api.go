package mail

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"regia/internal/experience"
	"regia/internal/web"
)

type (
	mailSettingsInput struct {
		Body struct {
			Host     string   `json:"host" maxLength:"253" doc:"The SMTP server; empty: no mail is sent" example:"smtp.example.it"`
			Port     int      `json:"port" minimum:"1" maximum:"65535" example:"587"`
			Security Security `json:"security" enum:"starttls,tls,none" doc:"none: only for a server on this machine"`
			User     string   `json:"user,omitempty" maxLength:"200"`
			Password string   `json:"password,omitempty" maxLength:"1000" doc:"Empty keeps the one there is, for the same user and server"`
			FromName string   `json:"from_name,omitempty" maxLength:"100"`
			From     string   `json:"from" maxLength:"320" example:"ciao@example.it"`
			ReplyTo  string   `json:"reply_to,omitempty" maxLength:"320"`
			Bounces  string   `json:"bounces,omitempty" maxLength:"320" doc:"Where bounces come back to, as this address with +… before the @; empty: the sender's"`
			Unsigned bool     `json:"unsigned,omitempty" doc:"Do not sign (DKIM): the server does it"`
		}
	}
	mailSettingsOutput struct {
		Body struct {
			Ready       bool     `json:"ready" doc:"Mails can be sent"`
			Host        string   `json:"host"`
			Port        int      `json:"port"`
			Security    Security `json:"security"`
			User        string   `json:"user"`
			FromName    string   `json:"from_name"`
			From        string   `json:"from"`
			ReplyTo     string   `json:"reply_to"`
			Bounces     string   `json:"bounces"`
			RecordName  string   `json:"dkim_record_name" doc:"The TXT record that the sender's domain needs"`
			RecordText  string   `json:"dkim_record_text"`
			Waiting     int64    `json:"waiting"`
			Sent        int64    `json:"sent" doc:"In the last seven days, as the two below"`
			Failed      int64    `json:"failed"`
			Complained  int64    `json:"complained"`
			Suppressed  int64    `json:"suppressed" doc:"Addresses that take no mail"`
			InTrouble   string   `json:"in_trouble" doc:"Why nothing can be sent at present; empty while nothing is wrong"`
			LastRefusal string   `json:"last_refusal"`
		}
	}
	mailTestInput struct {
		Body struct {
			To string `json:"to" maxLength:"320"`
		}
	}
	mailBounceInput struct {
		RawBody []byte `contentType:"message/rfc822" doc:"A mail that came to the bounces' address, as it is"`
	}
	mailBounceOutput struct {
		Body struct {
			Ours bool `json:"ours" doc:"It was a report about a mail of this Regia; otherwise somebody should read it"`
		}
	}
)

func (r *Room) registerAPI() {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"mail"}}
	}
	web.Operation(r.site, op("get-mail", http.MethodGet, "/api/v1/mail", "How mails are sent, and how the queue stands"), keepers, r.getAPI)
	web.Operation(r.site, op("put-mail", http.MethodPut, "/api/v1/mail", "Say how mails are sent"), keepers,
		func(ctx context.Context, in *mailSettingsInput) (*mailSettingsOutput, error) {
			b := in.Body
			err := r.Outbox.Save(ctx, Settings{
				Host: b.Host, Port: b.Port, Security: b.Security, User: b.User, Password: b.Password,
				FromName: b.FromName, From: b.From, ReplyTo: b.ReplyTo, Bounces: b.Bounces, DKIM: DKIM{Off: b.Unsigned},
			})
			if err != nil {
				return nil, err
			}
			return r.getAPI(ctx, nil)
		})
	web.Operation(r.site, op("test-mail", http.MethodPost, "/api/v1/mail/test", "Send a test mail at once"), keepers,
		func(ctx context.Context, in *mailTestInput) (*struct{}, error) {
			return nil, r.Outbox.Test(ctx, testMessage(web.LocaleFrom(ctx), experience.Company{}, in.Body.To))
		})
	bounce := op("take-bounce", http.MethodPost, "/api/v1/mail/bounces", "Hand over a mail that came back (RFC 3464, RFC 5965)")
	bounce.MaxBodyBytes = maxReport
	web.Operation(r.site, bounce, keepers, func(ctx context.Context, in *mailBounceInput) (*mailBounceOutput, error) {
		var out mailBounceOutput
		var err error
		out.Body.Ours, err = r.Outbox.TakeReport(ctx, in.RawBody)
		return &out, err
	})
}

func (r *Room) getAPI(ctx context.Context, _ *struct{}) (*mailSettingsOutput, error) {
	s, err := r.Outbox.Settings(ctx)
	if err != nil {
		return nil, err
	}
	f, err := r.Outbox.Figures(ctx)
	if err != nil {
		return nil, err
	}
	var out mailSettingsOutput
	b := &out.Body
	b.Ready, b.Host, b.Port, b.Security, b.User = s.Ready(), s.Host, s.Port, s.Security, s.User
	b.FromName, b.From, b.ReplyTo, b.Bounces = s.FromName, s.From, s.ReplyTo, s.Bounces
	b.Waiting, b.Sent, b.Failed, b.Complained, b.Suppressed, b.LastRefusal = f.Waiting, f.Sent, f.Failed, f.Complained, f.Suppressed, f.LastReason
	if t := r.Outbox.Trouble(); t != nil {
		b.InTrouble = web.LocaleFrom(ctx).T(t.Reason)
	}
	if s.DKIM.Key != "" && s.From != "" {
		b.RecordName, b.RecordText, err = s.Record()
	}
	return &out, err
}
