package service_test

import (
	"time"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/genproto/googleapis/rpc/status"
)

// errorInfo returns what an error tells a program.
func errorInfo(s *status.Status) (reason string, metadata map[string]string) {
	for _, d := range s.GetDetails() {
		var info errdetails.ErrorInfo
		if d.UnmarshalTo(&info) == nil {
			return info.GetReason(), info.GetMetadata()
		}
	}
	return "", nil
}

// reasonOf does so for an error of a client.
func reasonOf(err error) (reason string, metadata map[string]string) {
	if e, ok := err.(*connect.Error); ok {
		for _, d := range e.Details() {
			if value, err := d.Value(); err == nil {
				if info, ok := value.(*errdetails.ErrorInfo); ok {
					return info.GetReason(), info.GetMetadata()
				}
			}
		}
	}
	return "", nil
}

// retryDelay returns when to try again, 0 for never.
func retryDelay(a answer) time.Duration {
	for _, d := range a.status.GetDetails() {
		var info errdetails.RetryInfo
		if d.UnmarshalTo(&info) == nil {
			return info.GetRetryDelay().AsDuration()
		}
	}
	return 0
}
