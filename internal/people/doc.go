// Package people is the room of the customer record: who is who, what is known
// of each person, and the pages that show it. The rules of identity are in the
// package identity below; here they meet the registry.
package people
