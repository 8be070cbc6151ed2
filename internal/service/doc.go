// Package service is everything that agenttrace answers on a socket: the OTLP
// doors, our own services, health, reflection and metrics, on one handler.
//
// The handler works on HTTP/1.1 and HTTP/2 alike, with and without TLS; gRPC
// needs HTTP/2. Which is spoken is the server's matter.
//
// What each part does is in its own package: fault maps errors to codes, tenant
// finds the project, compress opens bodies, intake stores spans, otlpdoor takes
// OTLP, convert makes messages of the model's values, pagetoken continues
// lists, stats sums things up. Here are the handlers that put them together.
package service
