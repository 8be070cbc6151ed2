// Package fault is the one place where errors become what a client sees: a
// code, a text and details. Nothing that nobody wrote for a client's eyes
// leaves the server: an error that is not known here becomes INTERNAL with a
// fixed text and an id under which it was logged.
//
// The currency is *connect.Error, for every door: its codes are gRPC's, and
// [HTTPStatus] says what they are in plain HTTP.
package fault
