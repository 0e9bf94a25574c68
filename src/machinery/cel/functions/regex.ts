import { compileRegex, type LinearRegex } from '../../linear-regex.js'
import { messageOf } from '../../message-of.js'
import { CelError, ListValue } from '../values.js'
import { declare } from './declare.js'

function regexOf(pattern: string): LinearRegex {
  try {
    return compileRegex(pattern)
  } catch (error) {
    throw new CelError(messageOf(error))
  }
}

/** Whether a pattern is found in a text. Throws CelError for a pattern that is none. */
export const matches = (value: string, pattern: string): boolean => regexOf(pattern).test(value)

const findAll = (value: string, pattern: string, limit = -1n): ListValue =>
  new ListValue([...regexOf(pattern).all(value, Number(limit))])

export const regexFunctions = declare({
  'string.find(string): string': (value: string, pattern: string) => regexOf(pattern).first(value) ?? '',
  'string.findAll(string): list(string)': (value: string, pattern: string) => findAll(value, pattern),
  'string.findAll(string, int): list(string)': findAll,
})
