// Package listen hears what people say of the brand where it is not at home:
// reviews, mentions, letters to its mailboxes. A listening post looks at one
// place (a feed, an app store, a file, a mailbox), and what is new there comes
// in by the front door as interactions. docs/listen.md tells how.
//
// What is heard counts once for ever, by the platform's own id. A post's
// position is written only once the log has what lies before it: a crash in
// between has the post look again, and the door leave out what it knows.
package listen
