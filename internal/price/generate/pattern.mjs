// portable turns a regular expression of JavaScript into a match that Go can
// decide. Go has no lookahead; one at the very beginning, "^(?!a)b", is the same
// as "^b and not ^a". Every other construct that the two understand differently
// ends the run. Whether Go compiles the result is for the tests to say, which
// `make prices` runs.
export function portable(source, where) {
  const negated = source.startsWith('^(?!')
  const end = negated ? closing(source, 1) : 0
  const rest = negated ? '^' + source.slice(end + 1) : source
  const ahead = negated ? source.slice(4, end) : ''
  if (negated && hasTopLevelOr(rest)) throw new Error(`${where}: regex ${source}: alternatives after a lookahead`)
  for (const part of [rest, ahead]) {
    // Allowed are letters, digits, the dot, \d, escaped signs, classes, groups and quantifiers.
    const odd = /\\(?![d.[\]/\-])|\(\?(?!:)|[^\x20-\x7e]|(?<=[*+?}])\+/.exec(part)
    if (odd) throw new Error(`${where}: regex ${source}: ${odd[0]} may mean another thing in Go`)
  }
  if (!negated) return { regex: source }
  const without = { not: { regex: `^(?:${ahead})` } }
  return rest === '^' ? without : { and: [without, { regex: rest }] }
}

// closing returns where the group that opens at index ends.
function closing(source, index) {
  let depth = 0
  for (let i = index; i < source.length; i++) {
    i = skip(source, i)
    if (source[i] === '(') depth++
    if (source[i] === ')' && --depth === 0) return i
  }
  throw new Error(`regex ${source}: unbalanced`)
}

function hasTopLevelOr(source) {
  let depth = 0
  for (let i = 0; i < source.length; i++) {
    i = skip(source, i)
    if (source[i] === '(') depth++
    if (source[i] === ')') depth--
    if (source[i] === '|' && depth === 0) return true
  }
  return false
}

// skip returns the index after an escape or a class that begins at i, else i.
function skip(source, i) {
  if (source[i] === '\\') return i + 1
  if (source[i] !== '[') return i
  while (source[i] !== ']') i += source[i] === '\\' ? 2 : 1
  return i
}
