// Package convert turns the model's values into messages of agenttrace.v1 and
// back.
//
// Protobuf's strings must be UTF-8 and OTLP's often are not. Attribute values
// keep their bytes in a field of their own; every other text that is not UTF-8
// is shown with U+FFFD in the place of what is wrong.
package convert
