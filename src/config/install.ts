import { setTimeout as pause } from 'node:timers/promises'
import { CustomResourceDefinition, type CustomResourceDefinitionInit } from '../api/apiextensions/v1/index.js'
import { ClusterRole, ClusterRoleBinding, type PolicyRule } from '../api/rbac/v1/index.js'
import { apply } from '../client/apply.js'
import type { Client, WriteOptions } from '../client/client.js'
import type { AnyKind } from '../client/controller.js'
import { isNotFound, StatusError } from '../machinery/status-error.js'
import { ConfigError } from './config-error.js'
import type { Manifest } from './manifest.js'
import { configUser, controllerUser } from './plugin-users.js'

const fieldManager = 't8s-config'
const label = 'typernetes.io/config'
const pollMs = 10
const patienceMs = 10_000

/**
 * Makes a cluster have what a configuration needs, and no more: definitions of custom resources, which are served when
 * this resolves, and roles of its plugins; roles of plugins that are no more go. Definitions stay: objects go with them.
 */
export async function install(client: Client, { resources, controllers, rights }: Manifest): Promise<void> {
  await Promise.all(resources.map(definition => installDefinition(client, definition)))
  await grantRights(client, [
    ...(rights.length > 0 ? [{ user: configUser.name, rules: rights }] : []),
    ...controllers.map(({ name, rights }) => ({ user: controllerUser(name).name, rules: rights })),
  ])
}

/** Takes their rights from plugins that a cluster once had. */
export const revokeRights = (client: Client): Promise<void> => grantRights(client, [])

/** Throws a `ConfigError` if the API server would not accept the definitions of custom resources; changes nothing. */
export async function checkDefinitions(client: Client, { resources }: Manifest): Promise<void> {
  for (const definition of resources) await applyDefinition(client, definition, { dryRun: true })
}

async function applyDefinition(
  client: Client,
  definition: CustomResourceDefinitionInit,
  options: WriteOptions = {},
): Promise<void> {
  const name = definition.metadata?.name ?? ''
  const object = { ...definition, metadata: { name } }
  try {
    await apply(client, CustomResourceDefinition, object, { fieldManager, ...options })
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    throw new ConfigError(`the custom resource ${name} is not accepted: ${error.message}`, { cause: error })
  }
}

async function installDefinition(client: Client, definition: CustomResourceDefinitionInit): Promise<void> {
  await applyDefinition(client, definition)
  const name = definition.metadata?.name ?? ''
  const deadline = performance.now() + patienceMs
  for (;;) {
    const { status } = await client.get(CustomResourceDefinition, { name })
    const conditions = status.conditions ?? []
    if (conditions.some(({ type, status }) => type === 'Established' && status === 'True')) return
    const refused = conditions.find(({ type, status }) => type === 'NamesAccepted' && status === 'False')
    if (refused) throw new ConfigError(`the custom resource ${name} is not served: ${refused.message ?? ''}`)
    if (performance.now() > deadline) throw new ConfigError(`the custom resource ${name} is not served in time`)
    await pause(pollMs)
  }
}

interface Granted {
  readonly user: string
  readonly rules: readonly PolicyRule[]
}

async function grantRights(client: Client, granted: readonly Granted[]): Promise<void> {
  for (const { user, rules } of granted) {
    const metadata = { name: user, labels: { [label]: 'true' } }
    await apply(client, ClusterRole, { metadata, rules }, { fieldManager })
    const roleRef = { apiGroup: ClusterRole.gvk.group, kind: 'ClusterRole', name: user }
    const subjects = [{ kind: 'User', apiGroup: ClusterRole.gvk.group, name: user }]
    await apply(client, ClusterRoleBinding, { metadata, roleRef, subjects }, { fieldManager })
  }
  const users = new Set(granted.map(({ user }) => user))
  const kinds: readonly AnyKind[] = [ClusterRoleBinding, ClusterRole]
  for (const kind of kinds) {
    const { items } = await client.list(kind, { labelSelector: label })
    for (const { metadata } of items)
      if (!users.has(metadata.name ?? ''))
        await client.delete(kind, metadata).catch(error => {
          if (!isNotFound(error)) throw error
        })
  }
}
