package otlp

import (
	"bytes"
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp/wire"
)

// AppendTracesData appends records to dst as one TracesData message. Neighbours
// with the same resource and scope share them; order is kept. Messages that are
// appended one after the other are one message again.
func AppendTracesData(dst []byte, records []model.Record) []byte {
	dst = slices.Grow(dst, sizeOfTracesData(records))
	for len(records) > 0 {
		n, size := resourceGroup(records)
		dst = wire.AppendHead(dst, tracesResourceSpans, size)
		dst = appendResourceSpans(dst, records[:n])
		records = records[n:]
	}
	return dst
}

func sizeOfTracesData(records []model.Record) (size int) {
	for len(records) > 0 {
		n, group := resourceGroup(records)
		size += wire.SizeOfBytes(group)
		records = records[n:]
	}
	return size
}

// resourceGroup returns how many records at the front share a resource, and the
// size of the ResourceSpans message that holds them.
func resourceGroup(records []model.Record) (n, size int) {
	resource := records[0].Resource
	size = len(resource)
	for n < len(records) && sameBytes(records[n].Resource, resource) {
		scopes, scopeSize := scopeGroup(records[n:])
		n += scopes
		size += wire.SizeOfBytes(scopeSize)
	}
	return n, size
}

// scopeGroup does the same for a ScopeSpans message.
func scopeGroup(records []model.Record) (n, size int) {
	first := &records[0]
	size = len(first.Scope)
	for n < len(records) && sameBytes(records[n].Scope, first.Scope) && sameBytes(records[n].Resource, first.Resource) {
		size += wire.SizeOfBytes(len(records[n].Raw))
		n++
	}
	return n, size
}

func appendResourceSpans(dst []byte, records []model.Record) []byte {
	dst = append(dst, records[0].Resource...)
	for len(records) > 0 {
		n, size := scopeGroup(records)
		dst = wire.AppendHead(dst, resourceSpansScopes, size)
		dst = append(dst, records[0].Scope...)
		for i := range records[:n] {
			dst = wire.AppendHead(dst, scopeSpansSpans, len(records[i].Raw))
			dst = append(dst, records[i].Raw...)
		}
		records = records[n:]
	}
	return dst
}

// sameBytes is bytes.Equal with a short cut for slices of the same memory.
func sameBytes(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	return len(a) == 0 || &a[0] == &b[0] || bytes.Equal(a, b)
}
