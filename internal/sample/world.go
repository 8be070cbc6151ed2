package sample

import (
	"strconv"
	"strings"
)

// world is everybody who appears in the traces.
type world struct {
	agents    []*agent
	teams     []*team
	workflows []*workflow
}

// service is a deployed program; each of its replicas is a process.
type service struct {
	name string
	dual bool // writes the OTel GenAI attributes as well
}

// llm is a model, and how Agno names it.
type llm struct {
	class, id        string // the class names spans, the id is the model
	provider, system string // OpenInference
	genai            string // gen_ai.provider.name
	tokenNano        int    // time per token of the answer
}

// tool is a function that agents call. Its one or two parameters are strings.
type tool struct {
	name, description string
	parameters        []string
	schema            string // as the model is told of it, JSON
	definition        string // the same in the words of the GenAI conventions
}

type agent struct {
	name, id string
	service  *service
	model    *llm
	role     string
	tools    []*tool

	// Ready-made: the names of the tools, the encoded llm.tools attributes and
	// gen_ai.tool.definitions.
	toolNames   []string
	toolAttrs   []byte
	definitions []byte
}

// team is an agent that delegates to others.
type team struct {
	leader  *agent
	members []*agent
}

type workflow struct {
	name, id, description string
	service               *service
	steps                 []step
}

// stepKind is a class of Agno's workflow steps.
type stepKind string

const (
	agentStep    stepKind = "Step"
	functionStep stepKind = "function"
	parallelStep stepKind = "Parallel"
	loopStep     stepKind = "Loop"
)

// step is one step of a workflow. Loops have no span of their own: the steps in
// them hang directly below the workflow.
type step struct {
	kind  stepKind
	name  string
	agent *agent
	inner []step
}

const delegateTool = "delegate_task_to_member"

// newWorld makes the cast. It is the same for every seed, so that names and
// ids mean the same thing in every demo.
func newWorld() *world {
	support := &service{name: "support-desk"}
	lab := &service{name: "research-lab", dual: true}
	studio := &service{name: "content-studio"}

	gpt := &llm{"OpenAIChat", "gpt-4o", "OpenAI", "openai", "openai", 14e6}
	mini := &llm{"OpenAIChat", "gpt-4o-mini", "OpenAI", "openai", "openai", 8e6}
	claude := &llm{"Claude", "claude-sonnet-4-5", "Anthropic", "anthropic", "anthropic", 16e6}
	gemini := &llm{"Gemini", "gemini-2.5-flash", "Google", "google", "gcp.gemini", 6e6}
	mistral := &llm{"MistralChat", "mistral-large-latest", "Mistral", "mistralai", "mistral_ai", 11e6}

	order := newTool("find_order", "Looks up an order by its number and returns its lines, state and history.", "order_id")
	help := newTool("search_help_center", "Searches the articles of the help center and returns the best passages.", "query", "language")
	refund := newTool("issue_refund", "Pays back an order in whole or in part. Needs the reason that the customer gave.", "order_id", "reason")
	invoice := newTool("list_invoices", "Lists the invoices of a customer with amounts, dates and what is still open.", "customer_id")
	parcel := newTool("track_parcel", "Returns the scan events of a parcel, newest first, and the expected delivery.", "tracking_number")
	web := newTool("search_web", "Searches the web and returns titles, addresses and extracts of the results.", "query")
	page := newTool("read_page", "Fetches a page and returns its main text without navigation and advertisements.", "url")
	table := newTool("run_query", "Runs a read-only SQL query on the warehouse and returns up to fifty rows.", "sql")
	count := newTool("count_words", "Counts words, sentences and reading time of a draft and compares them with the target.", "draft_id", "target")

	desk := newAgent("Support Agent", support, mini, "Answer customers of a web shop. Find out what they need before you act.", order, help, refund)
	billing := newAgent("Billing Agent", support, gpt, "Explain invoices and payments, and find mistakes in them.", invoice, order)
	shipping := newAgent("Shipping Agent", support, gemini, "Find parcels and tell where they are stuck.", parcel, order)
	research := newAgent("Research Agent", lab, claude, "Collect evidence for a question from several independent sources.", web, page)
	analyst := newAgent("Data Analyst", lab, gpt, "Answer questions with numbers from the warehouse, and say how sure they are.", table, web)
	checker := newAgent("Fact Checker", lab, gemini, "Check each claim of a text, one by one, and name the source.", web, page)
	writer := newAgent("Writer", studio, claude, "Write clear articles for readers who are new to the subject.", web, count)
	editor := newAgent("Editor", studio, mistral, "Shorten and sharpen drafts without changing what they say.", count, page)

	return &world{
		agents: []*agent{desk, billing, shipping, research, analyst, checker, writer, editor},
		teams: []*team{
			newTeam("Support Team", support, gpt, desk, billing, shipping),
			newTeam("Research Team", lab, claude, research, analyst, checker),
		},
		workflows: []*workflow{
			newWorkflow("Article Workflow", "Researches, drafts and publishes an article.", studio,
				step{kind: agentStep, name: "research", agent: research},
				step{kind: parallelStep, name: "Fact Phase", inner: []step{
					{kind: agentStep, name: "check facts", agent: checker}, {kind: agentStep, name: "check numbers", agent: analyst}}},
				step{kind: loopStep, name: "Drafting", inner: []step{{kind: agentStep, name: "draft", agent: writer}}},
				step{kind: functionStep, name: "publish"}),
			newWorkflow("Refund Workflow", "Decides about a refund and pays it.", support,
				step{kind: agentStep, name: "triage", agent: desk},
				step{kind: functionStep, name: "load policy"},
				step{kind: parallelStep, name: "Checks", inner: []step{
					{kind: agentStep, name: "check payment", agent: billing}, {kind: agentStep, name: "check parcel", agent: shipping}}},
				step{kind: agentStep, name: "decide", agent: desk}),
		},
	}
}

func newTool(name, description string, parameters ...string) *tool {
	var properties, required []byte
	for i, p := range parameters {
		if i > 0 {
			properties, required = append(properties, ", "...), append(required, ", "...)
		}
		properties = append(appendJSON(properties, p), `: {"type": "string"}`...)
		required = appendJSON(required, p)
	}
	body := `"name": "` + name + `", "description": "` + description + `", "parameters": {"type": "object", "properties": {` +
		string(properties) + `}, "required": [` + string(required) + `]}}`
	return &tool{
		name:        name,
		description: description,
		parameters:  parameters,
		schema:      `{"type": "function", "function": {` + body + `}`,
		definition:  `{"type": "function", ` + body,
	}
}

func newAgent(name string, s *service, m *llm, role string, tools ...*tool) *agent {
	a := &agent{name: name, id: slug(name), service: s, model: m, role: role, tools: tools, definitions: []byte{'['}}
	for i, t := range tools {
		a.toolNames = append(a.toolNames, t.name)
		a.toolAttrs = attr(a.toolAttrs, "llm.tools."+strconv.Itoa(i)+".tool.json_schema", t.schema)
		if i > 0 {
			a.definitions = append(a.definitions, ", "...)
		}
		a.definitions = append(a.definitions, t.definition...)
	}
	a.definitions = append(a.definitions, ']')
	return a
}

func newTeam(name string, s *service, m *llm, members ...*agent) *team {
	var who []string
	for _, a := range members {
		who = append(who, a.id+": "+a.role)
	}
	delegate := newTool(delegateTool, "Hands a task to the member of the team who suits it best. Describe the task and the expected result.",
		"member_id", "task")
	role := "Lead a team. Delegate what a member knows better, then sum up.\nMembers:\n- " + strings.Join(who, "\n- ")
	return &team{leader: newAgent(name, s, m, role, delegate), members: members}
}

func newWorkflow(name, description string, s *service, steps ...step) *workflow {
	return &workflow{name: name, id: slug(name), description: description, service: s, steps: steps}
}

// slug makes an id from a name as Agno does.
func slug(name string) string { return strings.ReplaceAll(strings.ToLower(name), " ", "-") }

// spanName makes the first part of a span's name from a name as Agno's
// instrumentation does.
func spanName(name string) string {
	return strings.NewReplacer(" ", "_", "-", "_").Replace(name)
}
