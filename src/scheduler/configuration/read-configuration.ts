import { joinErrors } from '../../machinery/field-errors.js'
import { messageOf } from '../../machinery/message-of.js'
import { yamlValue } from '../../machinery/yaml-document.js'
import { decodeJson, type MessageSchema } from '../../schema/index.js'
import { pluginArgs } from './plugin-args.js'
import { configurationGroup, KubeSchedulerConfiguration } from './types.js'
import { validateConfiguration } from './validate-configuration.js'

/** A configuration that cannot be used; the message says where and why. */
export class SchedulerConfigError extends Error {
  override readonly name = 'SchedulerConfigError'
}

const kind = 'KubeSchedulerConfiguration'
const apiVersion = `${configurationGroup.group}/${configurationGroup.version}`
/** The profile of pods that name no scheduler. */
const defaultSchedulerName = 'default-scheduler'

/** What there is without a file. */
export const defaultConfiguration = (): KubeSchedulerConfiguration =>
  readSchedulerConfiguration(JSON.stringify({ kind, apiVersion }))

/**
 * Reads a KubeSchedulerConfiguration, as https://kubernetes.io/docs/reference/scheduling/config/ has it, from YAML, with
 * its defaults filled in and the arguments of built-in plugins read. Throws `SchedulerConfigError`.
 */
export function readSchedulerConfiguration(text: string): KubeSchedulerConfiguration {
  let value: unknown
  try {
    value = yamlValue(text)
  } catch (error) {
    throw new SchedulerConfigError(messageOf(error))
  }
  const given = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  if (given['kind'] !== kind || given['apiVersion'] !== apiVersion)
    throw new SchedulerConfigError(
      `no kind ${JSON.stringify(given['kind'] ?? '')} is registered for version ${JSON.stringify(given['apiVersion'] ?? '')}; it must be of kind ${kind} in ${apiVersion}`,
    )
  const decoded = decodeStrictly(KubeSchedulerConfiguration, value, '')
  const configuration = withDefaults(withArgs(decoded))
  const errors = validateConfiguration(configuration)
  if (errors.length > 0) throw new SchedulerConfigError(joinErrors(errors))
  return configuration
}

function decodeStrictly<T>(schema: MessageSchema<T, unknown>, value: unknown, where: string): T {
  const unknown: string[] = []
  let decoded: T
  try {
    decoded = decodeJson(schema, value, { onUnknownField: field => unknown.push(field) }) as T
  } catch (error) {
    throw new SchedulerConfigError(where + messageOf(error))
  }
  if (unknown.length === 0) return decoded
  const fields = unknown.map(field => `unknown field ${JSON.stringify(field)}`)
  throw new SchedulerConfigError(`${where}strict decoding error: ${fields.join(', ')}`)
}

/** Those of plugins from elsewhere stay as they are. */
function withArgs(configuration: KubeSchedulerConfiguration): KubeSchedulerConfiguration {
  const profiles = (configuration.profiles ?? []).map((profile, i) => ({
    ...profile,
    pluginConfig: (profile.pluginConfig ?? []).map((config, j) => {
      const { name = '', args } = config
      const declared = pluginArgs[name]
      if (!declared || args === undefined) return config
      const where = `decoding .profiles[${i}].pluginConfig[${j}]: decoding args for plugin ${name}: `
      checkArgsKind(name, args, where)
      return { ...config, args: decodeStrictly(declared.schema, args, where) }
    }),
  }))
  return { ...configuration, profiles }
}

function checkArgsKind(name: string, args: unknown, where: string): void {
  const given = (typeof args === 'object' && args !== null ? args : {}) as Record<string, unknown>
  const wanted = `${name}Args`
  if ((given['kind'] ?? wanted) === wanted && (given['apiVersion'] ?? apiVersion) === apiVersion) return
  throw new SchedulerConfigError(
    `${where}args for plugin ${name} were not of type ${wanted}.${configurationGroup.group}, got ${String(given['kind'])} in ${String(given['apiVersion'])}`,
  )
}

function withDefaults(configuration: KubeSchedulerConfiguration): KubeSchedulerConfiguration {
  const profiles = configuration.profiles?.length ? configuration.profiles : [{}]
  const [only] = profiles
  return {
    ...configuration,
    parallelism: configuration.parallelism ?? 16,
    percentageOfNodesToScore: configuration.percentageOfNodesToScore ?? 0,
    podInitialBackoffSeconds: configuration.podInitialBackoffSeconds ?? 1,
    podMaxBackoffSeconds: configuration.podMaxBackoffSeconds ?? 10,
    profiles:
      only && profiles.length === 1 && !only.schedulerName
        ? [{ ...only, schedulerName: defaultSchedulerName }]
        : profiles,
  }
}
