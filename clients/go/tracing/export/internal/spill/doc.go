// Package spill keeps encoded requests in files until a backend is there again.
//
//	DIR/<destination>/<owner>/lock
//	DIR/<destination>/<owner>/<time>-<owner>-<number>-<spans>.otlp
//	DIR/<destination>/<owner>/<…>.tmp        being written
//
// A store owns one folder and holds the lock on it for as long as its process
// lives; the system lets go of it when the process ends, however it ends. A
// folder whose lock is free belongs to nobody: whoever takes its lock moves its
// files into a folder of his own. So processes that share DIR never touch each
// other's files.
//
// A file is one request behind a header with its length and checksum. It is
// written under another name, synced and renamed, so that a file with its final
// name is whole unless the disk has damaged it. What a crash leaves under the
// temporary name is kept if it is whole, too.
//
// A [Store] belongs to one goroutine.
package spill
