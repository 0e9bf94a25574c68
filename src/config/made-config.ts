import { checkConfig } from './check-config.js'
import type { Cluster, Config } from './config.js'
import { ConfigError } from './config-error.js'

/** The configuration that a declaration makes. Throws a `ConfigError`, whose lines begin with `where`. */
export async function madeConfig(
  declared: unknown,
  cluster: Cluster,
  place: (error: unknown) => string = () => '',
  where = '',
): Promise<Config> {
  let made: unknown = declared
  if (typeof declared === 'function')
    try {
      made = await (declared as (cluster: Cluster) => unknown)(cluster)
    } catch (error) {
      throw new ConfigError(`${place(error)}${reasonOf(error)}`, { cause: error })
    }
  try {
    return checkConfig(made)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const lines = error.message.split('\n').map(line => `${where}${line}`)
    throw new ConfigError(lines.join('\n'), { cause: error })
  }
}

/** What an error says, in a line. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return `it threw ${String(error)}`
  // The parser's messages end with where, which has been said.
  const [said = ''] = error.message.split('\n')
  const text = said.replace(/^ParseError:\s*/, '').trim()
  return error.name === 'Error' || error.name === 'ConfigError' ? text : `${error.name}: ${text}`
}
