package agenttrace_test

import (
	"net/http"
	"reflect"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// Every call of the API has a method of its name, which makes that call.
func TestEveryCallOfTheAPIHasItsMethod(t *testing.T) {
	asked := new(recorder[string])
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.add(r.URL.Path)
		w.WriteHeader(http.StatusNotFound)
	}))
	client := newClient(t, url)
	var calls []string
	for service := range everyService {
		for i := range service.Methods().Len() {
			call := service.Methods().Get(i)
			calls = append(calls, "/"+string(service.FullName())+"/"+string(call.Name()))
			method := reflect.ValueOf(client).MethodByName(string(call.Name()))
			if !method.IsValid() {
				t.Errorf("the client has no method %s", call.Name())
				continue
			}
			if err := lastOf(method.Call([]reflect.Value{
				reflect.ValueOf(t.Context()), reflect.Zero(method.Type().In(1)),
			})); !agenttrace.IsUnimplemented(err) {
				t.Errorf("%s: %v", call.Name(), err)
			}
		}
	}
	if len(calls) < 20 {
		t.Fatalf("the API has only %d calls?", len(calls))
	}
	if got := asked.seen(); !reflect.DeepEqual(got, calls) {
		t.Errorf("the server was asked %q, want %q", got, calls)
	}
}

func everyService(yield func(protoreflect.ServiceDescriptor) bool) {
	protoregistry.GlobalFiles.RangeFilesByPackage("agenttrace.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			if !yield(file.Services().Get(i)) {
				return false
			}
		}
		return true
	})
}

// lastOf returns the error of a call: its second result, or what its iterator
// yields last.
func lastOf(results []reflect.Value) error {
	last := results[len(results)-1]
	if last.Kind() == reflect.Func {
		for _, err := range last.Seq2() {
			last = err
		}
	}
	err, _ := last.Interface().(error)
	return err
}
