import { readFile } from 'node:fs/promises'
import { createJiti } from 'jiti'
import * as api from '../api/index.js'
import * as extending from '../extending.js'
import * as schema from '../schema/index.js'
import { checkConfig } from './check-config.js'
import type { Cluster, Config } from './config.js'
import { ConfigError, placeOf } from './config-error.js'

/**
 * What a configuration imports from this package, wherever the file lies: the very modules of this program, so that
 * there is one `StatusError`. A control plane is not among them: it is what runs the configuration.
 */
const own = { typernetes: extending, 'typernetes/api': api, 'typernetes/schema': schema }

/** The configuration of a TypeScript or JavaScript file, run in this thread. Throws a `ConfigError`. */
export async function loadConfigFile(file: string, cluster: Cluster): Promise<Config> {
  await readFile(file).catch((error: Error) => {
    throw new ConfigError(`${file} cannot be read: ${error.message}`, { cause: error })
  })
  const jiti = createJiti(file, { fsCache: false, sourceMaps: true, virtualModules: own })
  let module: { readonly default?: unknown }
  try {
    module = await jiti.import(file)
  } catch (error) {
    throw new ConfigError(`${placeOf(error, file)}: ${reasonOf(error)}`, { cause: error })
  }
  const exported = Object.hasOwn(module, 'default') ? module.default : undefined
  if (exported === undefined)
    throw new ConfigError(`${file} has no default export: write \`export default defineConfig({ ... })\``)
  return madeConfig(exported, cluster, error => `${placeOf(error, file)}: `, `${file}: `)
}

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

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return `it threw ${String(error)}`
  // The parser's messages end with where, which has been said.
  const [said = ''] = error.message.split('\n')
  const text = said.replace(/^ParseError:\s*/, '').trim()
  return error.name === 'Error' || error.name === 'ConfigError' ? text : `${error.name}: ${text}`
}
