// Package transfer moves traces between a server and files: export, import, and
// the import of Agno's own tables.
//
// Both directions can be interrupted at any moment and go on later. An [Export]
// writes to a file beside the one that is wanted, marks every few megabytes how
// much of it is whole, and asks the server from there on. An [Import] remembers
// up to where the server has taken everything; sending something twice changes
// nothing on the server.
//
// Memory is bounded: by the largest piece of a file, and by a few messages in
// flight.
package transfer
