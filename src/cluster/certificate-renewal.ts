import { createPrivateKey, type KeyObject } from 'node:crypto'
import { join } from 'node:path'
import { type Clock, systemClock } from '../machinery/clock.js'
import { type ClusterCertificate, clusterCertificates } from './certificate-inventory.js'
import type { ClusterConfig } from './cluster-config.js'
import { adminEndpoint, clientTemplates, nodeCertificates } from './cluster-credentials.js'
import { contextName } from './context-name.js'
import { contextEntry, mergeContext } from './kubeconfig.js'
import { localNodes } from './local-nodes.js'
import { OperatorError } from './operator-error.js'
import type { ClusterPaths } from './paths.js'
import { type Credential, createAuthority, issueLeaf } from './pki.js'
import {
  COMMON_NAMES,
  ensureAuthorities,
  ensureCredential,
  FILES,
  type Renewal,
  replaceCredentials,
} from './pki-files.js'

export interface RenewalOptions {
  /** Which ones; all but the authorities when there are none. */
  readonly names: readonly string[]
  /** Makes new keys for them, too. */
  readonly newKeys: boolean
  readonly clock?: Clock
}

/**
 * Issues certificates of a cluster anew and answers which. Authorities are renewed only by name, and keep their keys, so
 * that what they have signed stays good. Throws an `OperatorError` naming what there is not, or what cannot be used.
 */
export async function renewCertificates(
  paths: ClusterPaths,
  config: ClusterConfig,
  { names, newKeys, clock = systemClock }: RenewalOptions,
): Promise<readonly ClusterCertificate[]> {
  const all = clusterCertificates(paths, config)
  const unknown = names.find(name => all.every(each => each.name !== name))
  if (unknown !== undefined)
    throw new OperatorError(
      `the cluster has no certificate ${JSON.stringify(unknown)}`,
      `There are: ${all.map(({ name }) => name).join(', ')}.`,
    )
  const chosen = all.filter(({ name, authority }) => (names.length > 0 ? names.includes(name) : authority))
  await renewAuthorities(paths, new Set(chosen.map(({ name }) => name)), clock)
  const { ca, frontProxyCa } = await ensureAuthorities(paths.pki, clock)
  const authorities = new Map<string, Credential>([
    [FILES.ca, ca],
    [FILES.frontProxyCa, frontProxyCa],
  ])

  const leaf =
    ({ authority = FILES.ca, template }: ClusterCertificate): Renewal =>
    async current => {
      const signer = authorities.get(authority)
      if (!signer || !template) throw new Error(`${authority} signs nothing`)
      return issueLeaf(signer, template, clock, newKeys ? undefined : usableKey(current.key))
    }
  const files = new Map<string, Renewal>()
  for (const each of chosen) {
    if (each.template && each.file === join(paths.pki, `${each.name}.crt`)) files.set(each.name, leaf(each))
  }
  await replaceCredentials(paths.pki, files)
  for (const node of localNodes(config)) {
    const { client, serving } = nodeCertificates(paths, node)
    for (const { store } of [client, serving]) {
      const each = chosen.find(({ file }) => file === store.path)
      if (each) await store.write(await leaf(each)((await store.read()) ?? {}), clock)
    }
  }
  await updateKubeconfig(paths, config, ca, clock)
  return chosen
}

/** A key that is damaged is replaced. */
function usableKey(pem: string | undefined): KeyObject | undefined {
  try {
    return pem ? createPrivateKey(pem) : undefined
  } catch {
    return undefined
  }
}

/** Renews authorities, even those that have expired: with their keys, all that is needed is there. */
async function renewAuthorities(paths: ClusterPaths, names: ReadonlySet<string>, clock: Clock): Promise<void> {
  const renewals = (['ca', 'frontProxyCa'] as const).flatMap(authority => {
    const name = FILES[authority]
    const renew: Renewal = async ({ key }) => {
      if (!key) throw new OperatorError(`${join(paths.pki, name)}.key is missing`, 'Restore it from a backup.')
      return createAuthority(COMMON_NAMES[authority], clock, createPrivateKey(key))
    }
    return names.has(name) ? [[name, renew] as const] : []
  })
  if (renewals.length > 0) await replaceCredentials(paths.pki, new Map(renewals))
}

/** Has the user's kubeconfig hold what is valid now, if it was given a context. */
async function updateKubeconfig(
  paths: ClusterPaths,
  config: ClusterConfig,
  authority: Credential,
  clock: Clock,
): Promise<void> {
  if (!config.kubeconfig) return
  const template = clientTemplates.admin
  const credential = await ensureCredential(paths.pki, 'admin', { authority, template, clock })
  const { server, ca } = adminEndpoint(config, authority, credential)
  const entry = contextEntry({ name: contextName(config.name), server, ca, credential })
  await mergeContext(config.kubeconfig, entry, { setCurrent: false })
}
