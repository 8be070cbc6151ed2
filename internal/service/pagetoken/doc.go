// Package pagetoken makes and reads the tokens of paged lists.
//
// A token is stateless: it holds the place behind the last item of a page, and
// a fingerprint of the request it belongs to, so that it cannot continue
// another list. Clients must not look into it, and whatever they send instead
// of one is answered with an error, never with a wrong page.
package pagetoken
