// Package hooks takes in what shop systems push: webhooks, signed, each checked
// against its source's secret and understood by a mapping like an import's.
// docs/webhooks.md tells how.
package hooks
