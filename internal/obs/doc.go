// Package obs makes the server visible: its log, its metrics, its version.
//
// Everything is made here and passed on: there is no global logger and no
// global registry. Nothing here is safe to change after it was handed out, and
// everything may then be used from any number of goroutines.
package obs
