// Writes the price table and the answers that its tests expect:
//
//     node generate.mjs <folder of the package> <folder of package price>
//
// Both files depend on the package alone, so that running this again changes
// nothing. Whatever in the package is not understood here ends the run with an
// error: a price that was dropped silently would be a wrong bill later.
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expectedAnswers } from './answers.mjs'
import { portable } from './pattern.mjs'

// The kinds of tokens that spans tell apart, under the names that they have in
// the table. Writes to a cache for five minutes are the usual ones.
const buckets = {
  input_mtok: 'input',
  cache_read_mtok: 'cache_read',
  cache_write_mtok: 'cache_write',
  cache_write_1h_mtok: 'cache_write_1h',
  output_mtok: 'output',
  output_reasoning_mtok: 'reasoning',
  input_audio_mtok: 'audio_input',
  output_audio_mtok: 'audio_output',
  requests_kcount: 'request',
}

// Prices of what spans do not count: hours, pages, searches, and tokens of
// pictures among those of the prompt, which are counted as text.
const uncounted = new Set([
  'audio_hours',
  'cache_audio_read_mtok',
  'cache_image_read_mtok',
  'input_annotated_document_kpages',
  'input_audio_hours',
  'input_document_kpages',
  'input_image_mtok',
  'input_text_messages_kcount',
  'input_video_mtok',
  'output_citation_mtok',
  'storage_searches_kcount',
  'web_searches_kcount',
])

// Where a model makes pictures, its output is mostly pictures, which cost many
// times what text does, and spans do not tell the two apart: its output has no
// price.
const hidesOutput = ['output_image_mtok', 'output_video_mtok']

// The package says that a model is free and that it knows nothing of its price in
// the same way: by no prices at all. Free are the ids that end in ":free", and
// those whose provider says so.
const free = new Set([
  'github-copilot/gpt-3.5-turbo',
  'github-copilot/gpt-4.1',
  'github-copilot/gpt-4o',
  'github-copilot/gpt-4o-mini',
  'google/gemma-3',
  'google/gemma-3n',
  'google/gemma-4-26b-a4b-it',
  'google/gemma-4-31b-it',
  'openai/moderation',
  'openrouter/gemini-2.5-pro-exp-03-25',
  'openrouter/google/gemini-flash-1.5-8b-exp',
])
const unknown = new Set([
  'cerebras/qwen-3-coder-480b',
  'huggingface_together/ServiceNow-AI/Apriel-1.6-15b-Thinker',
  'openrouter/google/lyria-3-clip-preview',
  'openrouter/google/lyria-3-pro-preview',
])

const [from, to] = process.argv.slice(2).map((p) => resolve(p))
const { name, version } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'))
const prices = await import(pathToFileURL(join(from, 'dist/index.js')).href)
const providers = await prices.waitForUpdate() // the data inside the package; nothing is fetched

writeFileSync(join(to, 'prices.json'), table())
writeFileSync(
  join(to, 'testdata/answers.json'),
  expectedAnswers({ name, version, providers, calcPrice: prices.calcPrice, isFree }),
)

// table prints one model a line, so that a new version of the package shows what
// it changes.
function table() {
  const lines = providers.map((p) => {
    const { models, ...rest } = provider(p)
    const head = JSON.stringify(rest).slice(0, -1)
    return `${head},"models":[\n${models.map((m) => JSON.stringify(m)).join(',\n')}\n]}`
  })
  return `{"package":${JSON.stringify(name)},"version":${JSON.stringify(version)},"providers":[\n${lines.join(',\n')}\n]}\n`
}

function provider(p) {
  only(p, p.id, ['id', 'models', 'provider_match', 'model_match', 'fallback_model_providers'], [
    'name', 'description', 'pricing_urls', 'api_pattern', 'price_comments', 'extractors',
  ])
  return {
    id: p.id,
    provider_match: p.provider_match && match(p.provider_match, p.id),
    model_match: p.model_match && match(p.model_match, p.id),
    fallback: p.fallback_model_providers,
    models: p.models.map((m) => model(p, m)),
  }
}

function model(p, m) {
  const where = `${p.id}/${m.id}`
  only(m, where, ['id', 'match', 'prices'], ['name', 'description', 'context_window', 'price_comments', 'deprecated'])
  const dated = Array.isArray(m.prices) ? m.prices : [{ prices: m.prices }]
  return { id: m.id, match: match(m.match, where), prices: dated.map((d) => conditional(d, where)) }
}

function conditional({ constraint, prices: listed, ...rest }, where) {
  only(rest, where, [], [])
  const when = constraint ? condition(constraint, where) : {}
  return { ...when, ...rates(listed, where) }
}

function condition(c, where) {
  if (c.type === 'start_date' && /^\d{4}-\d\d-\d\d$/.test(c.start_date)) return { from: c.start_date }
  if (c.type === 'time_of_date') return { daily: [secondOfDay(c.start_time, where), secondOfDay(c.end_time, where)] }
  throw new Error(`${where}: condition ${JSON.stringify(c)}`)
}

function secondOfDay(text, where) {
  const m = /^([01]\d|2[0-3]):([0-5]\d):([0-5]\d)Z$/.exec(text)
  if (!m) throw new Error(`${where}: time of day ${text}`)
  return Number(m[1]) * 3600 + Number(m[2]) * 60 + Number(m[3])
}

function rates(listed, where) {
  const keys = Object.keys(listed)
  if (keys.length === 0) return isFree(where) ? { input: 0, output: 0 } : {}
  only(listed, where, Object.keys(buckets), [...uncounted, ...hidesOutput])
  const out = {}
  for (const [key, name] of Object.entries(buckets)) {
    if (key in listed) out[name] = rate(listed[key], `${where}: ${key}`)
  }
  if (hidesOutput.some((key) => key in listed)) delete out.output
  return out
}

function isFree(where) {
  if (where.endsWith(':free') || free.has(where)) return true
  if (unknown.has(where)) return false
  throw new Error(`${where} has no prices: is it free, or is its price unknown? Add it to one of the lists.`)
}

function rate(value, where) {
  if (typeof value === 'number') return price(value, where)
  only(value, where, ['base', 'tiers'], [])
  const tiers = value.tiers.toSorted((a, b) => a.start - b.start)
  return { base: price(value.base, where), tiers: tiers.map((t) => ({ above: t.start, price: price(t.price, where) })) }
}

// price returns a number that prints as the decimal that the table holds, of
// twelve places at most: a price in dollars for a million tokens is then a whole
// number of billionths of a billionth of a dollar for one. What has more places
// than that is what binary fractions left of a calculation (0.1 + 0.08), and is
// rounded.
function price(value, where) {
  const rounded = Number(value.toFixed(12))
  const exact = String(value).replace('.', '').replace(/^0+/, '').length < 16
  if (!(value >= 0 && value <= 1e6) || (exact && rounded !== value) || Math.abs(rounded - value) > 1e-12) {
    throw new Error(`${where}: price ${value}`)
  }
  if (/e/.test(String(rounded))) throw new Error(`${where}: price ${value} is too small for the table`)
  return rounded
}

function match(m, where) {
  const [[kind, value], ...more] = Object.entries(m)
  if (more.length > 0) throw new Error(`${where}: match ${JSON.stringify(m)}`)
  switch (kind) {
    case 'or':
    case 'and':
      return { [kind]: value.map((v) => match(v, where)) }
    case 'equals':
    case 'starts_with':
    case 'ends_with':
    case 'contains':
      return { [kind]: value.toLowerCase() }
    case 'regex':
      return portable(value, where)
    default:
      throw new Error(`${where}: match ${JSON.stringify(m)}`)
  }
}

function only(object, where, used, ignored) {
  for (const key of Object.keys(object)) {
    if (!used.includes(key) && !ignored.includes(key)) throw new Error(`${where}: unknown key ${key}`)
  }
}
