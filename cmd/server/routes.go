package main

import (
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/agenttrace/agenttrace/internal/service/otlpdoor"
)

// routes returns the paths that metrics tell apart: every procedure that this
// binary has a description of, and the doors without one.
func routes() []string {
	paths := []string{
		"/", pathHealth, pathReady, pathMetrics, otlpdoor.HTTPPath, otlpdoor.GRPCPath,
		pathGRPCHealth + "Check", pathGRPCHealth + "Watch",
		"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
		"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
	}
	protoregistry.GlobalFiles.RangeFilesByPackage("agenttrace.v1", func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			service := f.Services().Get(i)
			for j := range service.Methods().Len() {
				paths = append(paths, "/"+string(service.FullName())+"/"+string(service.Methods().Get(j).Name()))
			}
		}
		return true
	})
	return paths
}
