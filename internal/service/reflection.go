package service

import (
	"errors"
	"net/http"
	"strings"

	"connectrpc.com/connect"
	"connectrpc.com/grpcreflect"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// mountReflection serves both versions of gRPC reflection, so that grpcurl and
// its like can list and call our services without their .proto files.
func mountReflection(mux *http.ServeMux) error {
	files, err := aliasedFiles()
	if err != nil {
		return err
	}
	reflector := grpcreflect.NewReflector(
		grpcreflect.NamerFunc(services),
		grpcreflect.WithDescriptorResolver(resolver{protoregistry.GlobalFiles, files}))
	limit := connect.WithReadMaxBytes(maxQueryBytes)
	mux.Handle(grpcreflect.NewHandlerV1(reflector, limit))
	mux.Handle(grpcreflect.NewHandlerV1Alpha(reflector, limit))
	return nil
}

// aliases are packages that are compiled in under a name of their own, so that
// they cannot clash with others in one process, and what they are on the wire.
// Each is given as a name and as a path.
func aliases() *strings.Replacer {
	return strings.NewReplacer(
		"opentelemetry.proto.slim.", "opentelemetry.proto.",
		"opentelemetry/proto/slim/", "opentelemetry/proto/",
		"connectext.grpc.health.", "grpc.health.",
		"connectext/grpc/health/", "grpc/health/",
	)
}

// aliasedFiles returns the descriptors of OTLP's trace service and of gRPC's
// health service under the names that they have on the wire.
func aliasedFiles() (*protoregistry.Files, error) {
	roots := []protoreflect.FileDescriptor{collector.File_opentelemetry_proto_collector_trace_v1_trace_service_proto}
	health, err := protoregistry.GlobalFiles.FindDescriptorByName("connectext.grpc.health.v1.Health")
	if err != nil {
		return nil, err
	}
	roots = append(roots, health.ParentFile())

	set := &descriptorpb.FileDescriptorSet{}
	seen := make(map[string]bool)
	for _, root := range roots {
		addWithImports(set, seen, root)
	}
	rename := aliases()
	for _, file := range set.GetFile() {
		renameFile(file, rename)
	}
	return protodesc.NewFiles(set)
}

func addWithImports(set *descriptorpb.FileDescriptorSet, seen map[string]bool, file protoreflect.FileDescriptor) {
	if seen[file.Path()] {
		return
	}
	seen[file.Path()] = true
	for i := range file.Imports().Len() {
		addWithImports(set, seen, file.Imports().Get(i))
	}
	set.File = append(set.File, protodesc.ToFileDescriptorProto(file))
}

// renameFile replaces names wherever a descriptor refers to another.
func renameFile(file *descriptorpb.FileDescriptorProto, rename *strings.Replacer) {
	file.Name = new(rename.Replace(file.GetName()))
	file.Package = new(strings.TrimSuffix(rename.Replace(file.GetPackage()+"."), "."))
	for i, path := range file.GetDependency() {
		file.Dependency[i] = rename.Replace(path)
	}
	for _, service := range file.GetService() {
		for _, method := range service.GetMethod() {
			method.InputType = new(rename.Replace(method.GetInputType()))
			method.OutputType = new(rename.Replace(method.GetOutputType()))
		}
	}
	for _, message := range file.GetMessageType() {
		renameMessage(message, rename)
	}
}

func renameMessage(message *descriptorpb.DescriptorProto, rename *strings.Replacer) {
	for _, field := range message.GetField() {
		if field.TypeName != nil {
			field.TypeName = new(rename.Replace(field.GetTypeName()))
		}
	}
	for _, nested := range message.GetNestedType() {
		renameMessage(nested, rename)
	}
}

// resolver looks into several registries, the first first.
type resolver []protodesc.Resolver

// FindFileByPath implements protodesc.Resolver.
func (r resolver) FindFileByPath(path string) (protoreflect.FileDescriptor, error) {
	for _, files := range r {
		if file, err := files.FindFileByPath(path); !errors.Is(err, protoregistry.NotFound) {
			return file, err
		}
	}
	return nil, protoregistry.NotFound
}

// FindDescriptorByName implements protodesc.Resolver.
func (r resolver) FindDescriptorByName(name protoreflect.FullName) (protoreflect.Descriptor, error) {
	for _, files := range r {
		if descriptor, err := files.FindDescriptorByName(name); !errors.Is(err, protoregistry.NotFound) {
			return descriptor, err
		}
	}
	return nil, protoregistry.NotFound
}
