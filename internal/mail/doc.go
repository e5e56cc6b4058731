// Package mail sends e-mail over SMTP: a queue in the registry that a crash
// neither loses nor doubles, signed messages (DKIM), one-click unsubscribing
// (RFC 8058), and what comes back: bounces and complaints. Several rooms send by
// it, each naming its messages by a reference and hearing what became of them.
package mail
