package otlp

import "github.com/agenttrace/agenttrace/internal/model"

// Pick appends to dst a stored message with only those spans that keep wants. It
// asks once for each span, in the order of the message, with its place in it and
// its narrow fields.
//
// The spans that are kept stay as they are, byte by byte and in order, with their
// resources and scopes; resources and scopes without a span are left out, and
// where nothing is kept, nothing is appended. Earliest and latest are the first
// and the last start among those that were kept. A message that cannot be read is
// an error that wraps [ErrMalformed], and out is dst.
func Pick(dst, tracesData []byte, keep func(i int, s *model.Span) bool) (out []byte, kept int, earliest, latest int64, err error) {
	records, err := ParseStored("", tracesData)
	if err != nil {
		return dst, 0, 0, 0, err
	}
	for i := range records {
		start := records[i].Span.StartNano
		if !keep(i, records[i].Span) {
			continue
		}
		if kept == 0 {
			earliest, latest = start, start
		}
		earliest, latest = min(earliest, start), max(latest, start)
		records[kept] = records[i]
		kept++
	}
	return AppendTracesData(dst, records[:kept]), kept, earliest, latest, nil
}
