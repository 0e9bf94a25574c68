import { createPrivateKey } from 'node:crypto'
import { join } from 'node:path'
import { type Clock, systemClock } from '../machinery/clock.js'
import { type ClusterCertificate, clusterCertificates } from './certificate-inventory.js'
import type { ClusterConfig } from './cluster-config.js'
import { adminEndpoint, ensureClusterCredentials, nodeCertificates } from './cluster-credentials.js'
import { contextName } from './context-name.js'
import { contextEntry, mergeContext } from './kubeconfig.js'
import { localNodes } from './local-nodes.js'
import { OperatorError } from './operator-error.js'
import type { ClusterPaths } from './paths.js'
import { type Credential, createAuthority, issueLeaf } from './pki.js'
import { COMMON_NAMES, FILES, type Renewal, replaceCredentials } from './pki-files.js'

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
  // What is missing or damaged is found out before anything is changed.
  const before = await ensureClusterCredentials(paths, config, clock)
  const authorities = new Map<string, Credential>([
    [FILES.ca, before.pki.ca],
    [FILES.frontProxyCa, before.pki.frontProxyCa],
  ])
  const renewed = (key: 'ca' | 'frontProxyCa') =>
    createAuthority(COMMON_NAMES[key], clock, createPrivateKey(before.pki[key].key))
  for (const key of ['ca', 'frontProxyCa'] as const)
    if (chosen.some(({ name }) => name === FILES[key])) authorities.set(FILES[key], await renewed(key))

  const leaf =
    ({ authority = FILES.ca, template }: ClusterCertificate): Renewal =>
    async current => {
      const signer = authorities.get(authority)
      if (!signer || !template) throw new Error(`${authority} signs nothing`)
      const key = newKeys || !current.key ? undefined : createPrivateKey(current.key)
      return issueLeaf(signer, template, clock, key)
    }
  const files = new Map<string, Renewal>()
  for (const each of chosen) {
    const authority = authorities.get(each.name)
    if (authority) files.set(each.name, async () => authority)
    else if (each.template && each.file === join(paths.pki, `${each.name}.crt`)) files.set(each.name, leaf(each))
  }
  await replaceCredentials(paths.pki, files)
  for (const node of localNodes(config)) {
    const { client, serving } = nodeCertificates(paths, node)
    for (const { store } of [client, serving]) {
      const each = chosen.find(({ file }) => file === store.path)
      if (each) await store.write(await leaf(each)((await store.read()) ?? {}), clock)
    }
  }
  await updateKubeconfig(paths, config, clock)
  return chosen
}

/** Has the user's kubeconfig hold what is valid now, if it was given a context. */
async function updateKubeconfig(paths: ClusterPaths, config: ClusterConfig, clock: Clock): Promise<void> {
  if (!config.kubeconfig) return
  const credentials = await ensureClusterCredentials(paths, config, clock)
  const { server, ca } = adminEndpoint(config, credentials)
  const entry = contextEntry({ name: contextName(config.name), server, ca, credential: credentials.admin })
  await mergeContext(config.kubeconfig, entry, { setCurrent: false })
}
