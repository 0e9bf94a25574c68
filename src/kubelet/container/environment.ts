import type { ConfigMap, Container, EnvVar, Pod, Secret, Service } from '../../api/core/v1/index.js'
import { ConfigError } from './config-error.js'
import { parseEnvFile } from './env-file.js'
import { expand } from './expansion.js'
import { fieldValue, type NodeView, resourceValue } from './field-values.js'
import { serviceEnvironment } from './service-environment.js'

/** All that a container's environment is made of. Objects that do not exist are absent from the maps. */
export interface EnvironmentSources {
  readonly services: Iterable<Service>
  /** Of the pod's namespace, by name; so are secrets. */
  readonly configMaps: ReadonlyMap<string, ConfigMap>
  readonly secrets: ReadonlyMap<string, Secret>
  /** Texts of env files by `volume/path`. */
  readonly files: ReadonlyMap<string, string>
  readonly node: NodeView
  readonly podIps: readonly string[]
}

/** Names of objects whose content goes into environments; `optional` ones may be missing. */
export interface EnvironmentReferences {
  readonly configMaps: ReadonlySet<string>
  readonly secrets: ReadonlySet<string>
  /** `volume/path` of env files. */
  readonly files: ReadonlySet<string>
}

/** The ConfigMaps, Secrets and files that a container's environment refers to. */
export function environmentReferences({ env = [], envFrom = [] }: Container): EnvironmentReferences {
  const sources = env.flatMap(({ valueFrom }) => valueFrom ?? [])
  const named = (...names: (string | undefined)[]) =>
    names.filter(name => name !== undefined && name !== '') as string[]
  return {
    configMaps: new Set([
      ...sources.flatMap(({ configMapKeyRef }) => named(configMapKeyRef?.name)),
      ...envFrom.flatMap(({ configMapRef }) => named(configMapRef?.name)),
    ]),
    secrets: new Set([
      ...sources.flatMap(({ secretKeyRef }) => named(secretKeyRef?.name)),
      ...envFrom.flatMap(({ secretRef }) => named(secretRef?.name)),
    ]),
    files: new Set(sources.flatMap(({ fileKeyRef }) => (fileKeyRef ? [fileId(fileKeyRef)] : []))),
  }
}

const fileId = ({ volumeName, path }: { readonly volumeName: string; readonly path: string }): string =>
  `${volumeName}/${path}`

const decode = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8')

/**
 * The environment of a container, in order: what `envFrom` and `env` say, then services' variables that they leave
 * free. Throws `ConfigError` if something it needs does not exist.
 */
export function containerEnvironment(
  pod: Pod,
  container: Container,
  sources: EnvironmentSources,
): ReadonlyMap<string, string> {
  const { namespace = '' } = pod.metadata
  const services = serviceEnvironment(sources.services, namespace, pod.spec.enableServiceLinks ?? true)
  const variables = new Map<string, string>()
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    for (const [name, value] of Object.entries(configMapRef ? configMapData(configMapRef, sources) : {}))
      variables.set(prefix + name, value)
    for (const [name, value] of Object.entries(secretRef ? secretData(secretRef, sources) : {}))
      variables.set(prefix + name, decode(value))
  }
  for (const variable of container.env ?? []) {
    const value = variable.valueFrom
      ? referredValue(pod, container, variable, sources)
      : expand(variable.value ?? '', name => variables.get(name) ?? services.get(name))
    if (value !== undefined) variables.set(variable.name, value)
  }
  for (const [name, value] of services) if (!variables.has(name)) variables.set(name, value)
  return variables
}

interface ObjectReference {
  readonly name?: string
  readonly optional?: boolean
}

function configMapData({ name = '', optional }: ObjectReference, { configMaps }: EnvironmentSources) {
  const found = configMaps.get(name)
  if (!found && !optional) throw new ConfigError(`configmap "${name}" not found`)
  return found?.data ?? {}
}

function secretData({ name = '', optional }: ObjectReference, { secrets }: EnvironmentSources) {
  const found = secrets.get(name)
  if (!found && !optional) throw new ConfigError(`secret "${name}" not found`)
  return found?.data ?? {}
}

/** Undefined if an optional reference leads nowhere. */
function referredValue(
  pod: Pod,
  container: Container,
  { valueFrom = {} }: EnvVar,
  sources: EnvironmentSources,
): string | undefined {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = valueFrom
  const { namespace } = pod.metadata
  if (fieldRef) return fieldValue(pod, fieldRef.fieldPath, sources.node, sources.podIps)
  if (resourceFieldRef) {
    const { containerName, resource, divisor } = resourceFieldRef
    const subject = containerName ? findByName(pod, containerName) : container
    return resourceValue(subject, resource, divisor, sources.node)
  }
  if (configMapKeyRef) {
    const { key, optional } = configMapKeyRef
    const value = configMapData(configMapKeyRef, sources)[key]
    if (value === undefined && !optional)
      throw new ConfigError(`couldn't find key ${key} in ConfigMap ${namespace}/${configMapKeyRef.name}`)
    return value
  }
  if (secretKeyRef) {
    const { key, optional } = secretKeyRef
    const value = secretData(secretKeyRef, sources)[key]
    if (value === undefined && !optional)
      throw new ConfigError(`couldn't find key ${key} in Secret ${namespace}/${secretKeyRef.name}`)
    return value === undefined ? undefined : decode(value)
  }
  if (fileKeyRef) {
    const { key, optional } = fileKeyRef
    const text = sources.files.get(fileId(fileKeyRef))
    const value = text === undefined ? undefined : parseEnvFile(text).get(key)
    if (value === undefined && !optional)
      throw new ConfigError(
        text === undefined
          ? `file "${fileKeyRef.path}" not found in volume "${fileKeyRef.volumeName}"`
          : `environment variable key "${key}" not found in file "${fileKeyRef.path}"`,
      )
    return value
  }
  return ''
}

function findByName(pod: Pod, name: string): Container {
  const found = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].find(container => container.name === name)
  if (!found) throw new ConfigError(`container ${name} not found`)
  return found
}
