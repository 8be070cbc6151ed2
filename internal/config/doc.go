// Package config says what can be set about the server, and checks it.
//
// Everything is a flag, and every flag has an environment variable: --max-past
// is AGENTTRACE_MAX_PAST. A flag on the command line wins over the variable,
// the variable over the default. An empty variable is as good as none. There is
// no file.
//
// A value that cannot be right is refused at start, all of them in one answer,
// each with the flag's name and what would be right. Nothing here prints the
// password of a database.
//
// No flag may be called --port, --service-…, --host: Kubernetes sets variables
// such as AGENTTRACE_PORT and AGENTTRACE_SERVICE_HOST in every container beside
// a service of that name, and they mean something else.
package config
