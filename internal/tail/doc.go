// Package tail follows what is being stored, whichever process stores it.
//
// Each tail reads the change log with a cursor of its own, and the new spans
// from the segments of each write; a [Hub] only finds out, for all tails of the
// process, that the log has moved. So a tail that is slow holds up nobody: not
// the writers, which know nothing of it, and not the other tails.
//
// # Cursors
//
// The log gives a cursor for each page that is read of it, not for each write.
// What a page holds is sent in one event where it fits; where it does not, only
// the last event of the page has a cursor. Going on from any cursor continues
// exactly behind its event.
//
// # Slow readers
//
// A tail that has once caught up with the log and is later more than
// [Config.MaxBehind] spans behind gives them up, says how many they were, and
// goes on with what is new. One that goes on from an old cursor may be as far
// behind as it likes until it has caught up.
//
// # Testing
//
// A [Hub] needs a clock only for heartbeats and for polling; tests run in
// testing/synctest.
package tail
