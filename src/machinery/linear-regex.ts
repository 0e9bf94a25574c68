import { createRequire } from 'node:module'
import { messageOf } from './message-of.js'

/** A regular expression of users: a search takes time in proportion to the text, whatever the pattern. */
export interface LinearRegex {
  /** Whether it matches anywhere in the text. */
  test(text: string): boolean
  /** The leftmost match. */
  first(text: string): string | undefined
  /** Matches one after the other, at most so many if `limit` is not negative. */
  all(text: string, limit: number): readonly string[]
}

/** What is used of the library. */
interface Engine {
  readonly RE2JS: { compile(pattern: string): Compiled }
}
interface Compiled {
  test(text: string): boolean
  exec(text: string): readonly string[] | null
  re2(): { findAll(text: string, limit: number): readonly string[] | null }
}

// Most servers never need it, and its tables take ten milliseconds to load.
let engine: Engine['RE2JS'] | undefined
const load = (): Engine['RE2JS'] => (engine ??= (createRequire(import.meta.url)('re2js') as Engine).RE2JS)

const known = new Map<string, LinearRegex>()
const mostKnown = 1000

/**
 * Compiles a pattern in the syntax of RE2, which is Go's: https://github.com/google/re2/wiki/Syntax Compiled ones are
 * kept. Throws a SyntaxError with Go's words: ``error parsing regexp: missing closing ): `(` ``.
 */
export function compileRegex(pattern: string): LinearRegex {
  let regex = known.get(pattern)
  if (!regex) {
    regex = compiled(pattern)
    if (known.size >= mostKnown) known.clear()
    known.set(pattern, regex)
  }
  return regex
}

function compiled(pattern: string): LinearRegex {
  let re2: Compiled
  try {
    re2 = load().compile(pattern)
  } catch (error) {
    const message = messageOf(error)
    // Go always quotes what is at fault: all of it, or what is left behind the backslash.
    const quoted = message.includes('trailing backslash') ? '' : pattern
    throw new SyntaxError(message.endsWith('`') ? message : `${message}: \`${quoted}\``, { cause: error })
  }
  return {
    test: text => re2.test(text),
    first: text => re2.exec(text)?.[0],
    all: (text, limit) => re2.re2().findAll(text, limit) ?? [],
  }
}
