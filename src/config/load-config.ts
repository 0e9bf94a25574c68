import { readFile } from 'node:fs/promises'
import * as api from '../api/index.js'
import * as extending from '../extending.js'
import * as schema from '../schema/index.js'
import type { Cluster, Config } from './config.js'
import { ConfigError, placeOf } from './config-error.js'
import { madeConfig, reasonOf } from './made-config.js'

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
  // Large, and of no use to those that have no such file.
  const { createJiti } = await import('jiti')
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
