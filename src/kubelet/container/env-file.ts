import { ConfigError } from './config-error.js'

const assignment = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/

/**
 * Reads the variables of an env file: `NAME='value'` a line, `#` begins a comment
 * (https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-via-file/). Throws `ConfigError`.
 */
export function parseEnvFile(text: string): ReadonlyMap<string, string> {
  const variables = new Map<string, string>()
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(?:#.*)?$/.test(line)) continue
    const [, name, value] = assignment.exec(line) ?? []
    if (!name || value === undefined) throw new ConfigError(`line ${index + 1} of the env file is no NAME=value`)
    variables.set(name, unquote(value))
  }
  return variables
}

function unquote(value: string): string {
  const quoted = /^(['"])(.*)\1\s*(?:#.*)?$/s.exec(value)
  if (!quoted) return value.replace(/\s+#.*$/, '')
  const [, quote, inner = ''] = quoted
  return quote === '"' ? inner.replace(/\\(["\\$`])/g, '$1') : inner
}
