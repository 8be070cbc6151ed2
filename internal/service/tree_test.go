package service

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
)

// parseNodes reads "id<parent@start", with "-" for no parent.
func parseNodes(t *testing.T, text string) []*node {
	var nodes []*node
	for word := range strings.FieldsSeq(text) {
		var id, parent string
		var start int64
		if _, err := fmt.Sscanf(strings.NewReplacer("<", " ", "@", " ").Replace(word), "%s %s %d", &id, &parent, &start); err != nil {
			t.Fatal(err)
		}
		n := &node{start: start, message: &pb.Span{Name: id}}
		copy(n.id[:], id)
		if parent != "-" {
			copy(n.parent[:], parent)
		}
		nodes = append(nodes, n)
	}
	return nodes
}

func TestTreeOrder(t *testing.T) {
	cases := []struct{ name, nodes, want string }{
		{"nothing", "", ""},
		{"a span before its children, children by start", "c<a@3 b<a@2 a<-@1 d<b@4", "a:0/2 b:1/1 d:2/0 c:1/0"},
		{"roots by start", "b<-@2 a<-@1", "a:0/0 b:0/0"},
		{"orphans stand at the top", "b<x@1 c<b@3 a<-@2", "b:0/1? c:1/0 a:0/0"},
		{"a child may start before its parent", "a<-@5 b<a@1", "a:0/1 b:1/0"},
		{"equal starts by id", "c<a@1 b<a@1 a<-@1", "a:0/2 b:1/0 c:1/0"},
		{"its own parent", "a<a@1 b<a@2", "a:0/1 b:1/0"},
		{"a circle of two", "b<a@2 a<b@1 c<b@3", "a:0/1 b:1/1 c:2/0"},
		{"below a circle, but before it", "x<b@1 a<b@2 b<a@3", "a:0/1 b:1/1 x:2/0"},
		{"a circle beside a tree", "r<-@9 a<b@1 b<a@2", "r:0/0 a:0/1 b:1/0"},
		{"one id, two starts", "a<-@1 a<-@5 b<a@6", "a:0/1 b:1/0 a:0/0"},
		{"one id, the second below the first", "a<-@1 a<a@2", "a:0/1 a:1/0"},
	}
	for _, c := range cases {
		var got []string
		for _, s := range tree(parseNodes(t, c.nodes)) {
			mark := ""
			if s.GetOrphan() {
				mark = "?"
			}
			got = append(got, fmt.Sprintf("%s:%d/%d%s", s.GetName(), s.GetDepth(), s.GetChildCount(), mark))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %s, want %s", c.name, strings.Join(got, " "), c.want)
		}
	}
}

func TestTreeHasEverySpanOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "n")
		nodes := make([]*node, n)
		id := rapid.IntRange(0, 12) // few ids: circles, repeats and orphans
		for i := range nodes {
			nodes[i] = &node{
				id: spanID(1 + id.Draw(t, "id")), parent: spanID(id.Draw(t, "parent")),
				start: int64(id.Draw(t, "start")), message: &pb.Span{Name: fmt.Sprint(i)},
			}
		}
		children := int32(0)
		var names []string
		depth := int32(-1)
		spans := tree(nodes)
		tops := int32(0)
		for _, s := range spans {
			names = append(names, s.GetName())
			children += s.GetChildCount()
			if s.GetDepth() == 0 {
				tops++
			}
			if s.GetDepth() > depth+1 {
				t.Fatalf("a span of depth %d follows one of depth %d", s.GetDepth(), depth)
			}
			depth = s.GetDepth()
		}
		slices.Sort(names)
		if len(slices.Compact(names)) != n || len(spans) != n {
			t.Fatalf("%d spans of %d: %v", len(spans), n, names)
		}
		if children != int32(n)-tops {
			t.Fatalf("%d children, but %d spans of which %d are at the top", children, n, tops)
		}
	})
}

func TestTreeOfALongChain(t *testing.T) {
	const n = 200_000
	nodes := make([]*node, n)
	for i := range nodes {
		nodes[i] = &node{id: spanID(i + 1), parent: spanID(i), start: int64(n - i), message: &pb.Span{}}
	}
	spans := tree(nodes)
	if len(spans) != n || spans[n-1].GetDepth() != n-1 {
		t.Errorf("%d spans, the last at depth %d", len(spans), spans[len(spans)-1].GetDepth())
	}
}

func spanID(n int) (id model.SpanID) {
	binary.BigEndian.PutUint64(id[:], uint64(n))
	return id
}
