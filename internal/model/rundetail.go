package model

import "encoding/json"

// storedDetail is a [RunDetail] as stores keep it. Most runs have no run below
// them and none above: what then repeats the run's other fields is left out.
type storedDetail struct {
	RunDetail
	Total      *Tally  `json:"total,omitempty"`        // nil where it is Run.Own
	RootSpanID *SpanID `json:"root_span_id,omitempty"` // nil where it is Run.SpanID
	RootRunID  *string `json:"root_run_id,omitempty"`  // nil where it is the run's own
}

// EncodeDetail returns the run's detail as JSON, nil where there is none.
func (r *Run) EncodeDetail() ([]byte, error) {
	if r.Detail.isZero() {
		return nil, nil
	}
	d := storedDetail{RunDetail: r.Detail}
	if r.Detail.Total != r.Own {
		d.Total = &r.Detail.Total
	}
	if r.Detail.RootSpanID != r.SpanID {
		d.RootSpanID = &r.Detail.RootSpanID
	}
	if r.Detail.RootRunID != r.Identity.RunID {
		d.RootRunID = &r.Detail.RootRunID
	}
	return json.Marshal(&d)
}

// DecodeDetail undoes [Run.EncodeDetail] on a run whose other fields are there.
func (r *Run) DecodeDetail(data []byte) error {
	if len(data) == 0 {
		r.Detail = RunDetail{}
		return nil
	}
	var d storedDetail
	if err := json.Unmarshal(data, &d); err != nil {
		return err
	}
	r.Detail = d.RunDetail
	r.Detail.Total, r.Detail.RootSpanID, r.Detail.RootRunID = r.Own, r.SpanID, r.Identity.RunID
	if d.Total != nil {
		r.Detail.Total = *d.Total
	}
	if d.RootSpanID != nil {
		r.Detail.RootSpanID = *d.RootSpanID
	}
	if d.RootRunID != nil {
		r.Detail.RootRunID = *d.RootRunID
	}
	return nil
}

// isZero reports whether nothing is known.
func (d *RunDetail) isZero() bool {
	return d.ParentSpanID.IsZero() && d.RootSpanID.IsZero() && d.ParentRunID == "" && d.RootRunID == "" && !d.Detached && d.Children == 0 &&
		d.InputPreview == "" && d.OutputPreview == "" && d.Error == nil && d.Total == Tally{} && len(d.Models) == 0 && len(d.Tools) == 0 &&
		d.Time == TimeSplit{} && len(d.Steps) == 0
}
