// Package invite asks people: rules say who is asked, when and after which
// interaction; a guard sees that nobody is asked too often, whatever asks;
// every decision to ask, or not, is kept with its reason. Invitations go out by
// e-mail, text message, in the site, or by whoever calls the API; posters and
// kiosks are doors for those nobody knows.
package invite
