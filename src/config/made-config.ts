import { checkConfig } from './check-config.js'
import type { Cluster, Config } from './config.js'
import { ConfigError } from './config-error.js'
import { definitionFaults } from './definition-faults.js'

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
    const config = checkConfig(made)
    await checkDefinitions(config)
    return config
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const lines = error.message.split('\n').map(line => `${where}${line}`)
    throw new ConfigError(lines.join('\n'), { cause: error })
  }
}

async function checkDefinitions({ resources = [] }: Config): Promise<void> {
  const faults = await Promise.all(resources.map(({ definition }) => definitionFaults(definition)))
  const lines = faults.flatMap((found, i) =>
    found.map(fault => `resources[${i}] (${resources[i]?.definition.metadata?.name}): ${fault}`),
  )
  if (lines.length > 0) throw new ConfigError(lines.join('\n'))
}

/** What an error says, in a line. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return `it threw ${String(error)}`
  // The parser's messages end with where, which has been said.
  const [said = ''] = error.message.split('\n')
  const text = said.replace(/^ParseError:\s*/, '').trim()
  return error.name === 'Error' || error.name === 'ConfigError' ? text : `${error.name}: ${text}`
}
