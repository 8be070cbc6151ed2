package main

import (
	"slices"
	"testing"
)

func TestFlagsChooseWhatIsMeasured(t *testing.T) {
	for _, c := range []struct {
		args          []string
		with, without []string // parts that are measured, and that are not
	}{
		{nil, []string{"floor", "grpc", "http", "ones", "settle", "ask", "pace", "peer"}, []string{"growth"}},
		{[]string{"-growth"}, []string{"floor", "grpc", "growth"}, nil},
		{[]string{"-quick"}, allParts, nil},
		{[]string{"-parts", "grpc,ask"}, []string{"grpc", "ask"}, []string{"floor", "http", "growth"}},
		{[]string{"-parts", "growth", "-sizes", "7,8", "-days", "1"}, []string{"growth"}, []string{"grpc"}},
	} {
		opts, err := parse(c.args)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range c.with {
			if !opts.wants(part) {
				t.Errorf("%v: %s is not measured", c.args, part)
			}
		}
		for _, part := range c.without {
			if opts.wants(part) {
				t.Errorf("%v: %s is measured", c.args, part)
			}
		}
	}
	opts, err := parse([]string{"-sizes", "7,8", "-peer", "grpc://a:1", "-peer", "http://b:2", "--", "--shards=1"})
	if err != nil || !slices.Equal(opts.sizes, []int{7, 8}) || len(opts.peers) != 2 || !slices.Equal(opts.server, []string{"--shards=1"}) {
		t.Errorf("%+v, %v", opts, err)
	}
	if _, err := parse([]string{"-parts", "everything"}); err == nil {
		t.Error("an unknown part is measured")
	}
	if _, err := parse([]string{"-spans", "0"}); err == nil {
		t.Error("nothing is sent")
	}
}
