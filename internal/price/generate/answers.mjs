// expectedAnswers asks the package itself what calls cost, and returns the test
// data that holds our own arithmetic to its answers: for a few hundred
// combinations of provider, model and time the price of each usage, in dollars
// as the package's floating point has it, or null where we give no price on
// purpose. That is decided here again, on the package's own terms, so that a
// slip in one of the two places shows.

// In the order of our buckets: input, cache read, cache write, of which for an
// hour, output, reasoning, audio input, audio output.
const usages = [
  [1000, 0, 0, 0, 500, 0, 0, 0],
  [8191, 0, 0, 0, 0, 0, 0, 0],
  [6400, 120_000, 0, 0, 3000, 1700, 0, 0],
  [12_345, 2048, 4000, 0, 77, 0, 0, 0],
  [11, 0, 4000, 1500, 123, 0, 0, 0],
  [300, 0, 0, 0, 250, 0, 2700, 1750],
  [150_000, 50_000, 0, 0, 1000, 0, 0, 0],
  [150_000, 50_001, 0, 0, 1000, 0, 0, 0],
  [100_000, 150_000, 49_999, 0, 20_000, 5000, 0, 0],
  [900_000, 0, 0, 0, 65_536, 0, 0, 0],
]

// Spellings that senders use, and names that must not be found.
const spellings = [
  ['OpenAI', 'gpt-4o'], ['openai', 'GPT-4o-mini'], ['azure.ai.openai', 'gpt-4o'], ['Azure', 'gpt-4o'],
  ['Anthropic', 'claude-sonnet-4-20250514'], ['', 'claude-sonnet-4-20250514'], ['', 'gpt-4o'], ['', 'gemini-2.5-pro'],
  ['anthropic', 'claude-sonnet-4-5-20250929'], ['anthropic', 'claude-opus-4-6-20260230'],
  ['openai', 'gpt-5-20250807'], ['openai', 'gpt-4o-20240806:tuned'], ['openai', 'gpt-4o-99999999'],
  ['Google', 'gemini-2.5-flash'], ['gcp.gemini', 'gemini-2.5-flash'], ['gcp.vertex_ai', 'claude-opus-4-6'],
  ['VertexAI', 'claude-3-5-sonnet'], ['google', 'gemini-2.5-pro-preview-tts'], ['google', 'gemini-2.5-flash-lite-preview-tts'],
  ['aws.bedrock', 'amazon.nova-pro-v1:0'], ['AwsBedrock', 'anthropic.claude-3-5-sonnet-20240620-v1:0'],
  ['OpenRouter', 'anthropic/claude-sonnet-4.5'], ['OpenRouter', 'openai/gpt-4o'], ['Groq', 'llama-3.3-70b-versatile'],
  [' DeepSeek ', 'deepseek-chat'], ['xAI', 'grok-4'], ['Mistral', 'mistral-large-latest'], ['', 'mistral-medium-latest'],
  ['', 'mistralai/mistral-medium'], ['Perplexity', 'sonar-pro'], ['Cohere', 'command-r-plus'], ['moonshot_ai', 'kimi-k2-0905-preview'],
  ['LiteLLM', 'openai/gpt-4o'], ['LiteLLM', 'anthropic/claude-sonnet-4-0'], ['litellm', 'gpt-4o'], ['litellm', 'nobody/gpt-4o'],
  ['openai', ' gpt-4o '], ['openai', 'no-such-model'], ['no-such-provider', 'gpt-4o'], ['', 'no-such-model'], ['ollama', 'llama3'],
]

// How many models of a provider are asked for, evenly spread over its list,
// beside those with tiers and dates, which all are.
const perProvider = 8

export function expectedAnswers({ name, version, providers, calcPrice, isFree }) {
  const about = 'Written by make prices: what the package itself answers. usd: for each usage, in dollars; null for no price.'
  const rows = questions(providers).map((q) => JSON.stringify(answer(q, calcPrice, isFree)))
  const head = JSON.stringify({ about, package: name, version, usages }).slice(0, -1)
  return `${head},"answers":[\n${rows.join(',\n')}\n]}\n`
}

function questions(providers) {
  const out = spellings.map(([provider, model]) => [provider, model, '2026-09-01T12:00:00Z'])
  for (const p of providers) {
    const step = Math.max(1, Math.floor(p.models.length / perProvider))
    for (const [i, m] of p.models.entries()) {
      const model = example(m.match)
      if (!model) continue
      if (Array.isArray(m.prices)) out.push(...times(m).map((at) => [p.id, model, at]))
      else if (i % step === 0 || Object.values(m.prices).some((v) => typeof v === 'object')) out.push([p.id, model, '2026-03-01T00:00:00Z'])
    }
  }
  return out
}

// example returns a name that a rule was written for.
function example(match) {
  const [kind, value] = Object.entries(match)[0]
  if (kind === 'or' || kind === 'and') return value.map(example).find(Boolean)
  return kind === 'regex' ? undefined : value
}

// times returns moments on both sides of every border that the prices have.
function times(model) {
  const out = new Set(['2024-01-01T00:00:00Z'])
  for (const { constraint: c } of model.prices) {
    if (c?.type === 'start_date') {
      const day = Date.parse(c.start_date)
      out.add(new Date(day - 1).toISOString()).add(new Date(day).toISOString())
    }
    for (const time of c?.type === 'time_of_date' ? [c.start_time, c.end_time] : []) {
      const moment = Date.parse(`2026-09-02T${time}`)
      out.add(new Date(moment - 1).toISOString()).add(new Date(moment).toISOString())
    }
  }
  return [...out]
}

function answer([provider, model, at], calcPrice, isFree) {
  const ask = (usage) => calcPrice(usage, model, { providerId: provider || undefined, timestamp: new Date(at) })
  const found = ask({})
  if (!found) return { provider, model, at, usd: [] }
  const where = `${found.provider.id}/${found.model.id}`
  const usd = usages.map((u) => (priced(u, found.model_price, where, isFree) ? ask(inclusive(u)).total_price : null))
  // The model may be one of another provider that this one falls back to.
  return { provider, model, at, by: found.provider.id, as: found.model.id, usd }
}

// inclusive writes a usage of disjoint buckets as the package wants it: sums, and
// their parts beside them.
function inclusive([input, read, write, long, output, reasoning, audioIn, audioOut]) {
  return {
    input_tokens: input + read + write + audioIn,
    cache_read_tokens: read,
    cache_write_tokens: write,
    cache_write_5m_tokens: write - long,
    cache_write_1h_tokens: long,
    input_audio_tokens: audioIn,
    cache_audio_read_tokens: 0,
    output_tokens: output + reasoning + audioOut,
    output_reasoning_tokens: reasoning,
    output_audio_tokens: audioOut,
  }
}

// priced says whether we give a price at all. The package takes what has no price
// to cost nothing; we take it to be unknown.
function priced([input, read, write, long, output, reasoning, audioIn, audioOut], prices, where, isFree) {
  if (Object.keys(prices).length === 0) return isFree(where)
  const has = (key) => key in prices
  const pictures = has('output_image_mtok') || has('output_video_mtok')
  const text = has('output_mtok') && !pictures
  if (long > 0 && has('cache_write_mtok') && !has('cache_write_1h_mtok')) return false
  if (input + read + write > 0 && !has('input_mtok')) return false
  if (audioIn > 0 && !has('input_audio_mtok') && !has('input_mtok')) return false
  if (reasoning > 0 && !has('output_reasoning_mtok') && !text) return false
  if (audioOut > 0 && !has('output_audio_mtok') && !text) return false
  return output === 0 || text
}
