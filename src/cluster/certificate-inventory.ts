import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../machinery/message-of.js'
import { certificateSays, subjectOf } from '../machinery/x509/index.js'
import type { ClusterConfig } from './cluster-config.js'
import { clientTemplates, nodeCertificates, pkiOptions, withPurposes } from './cluster-credentials.js'
import { contextName } from './context-name.js'
import { readKubeconfig } from './kubeconfig.js'
import { localNodes } from './local-nodes.js'
import { hasCode, OperatorError } from './operator-error.js'
import type { ClusterPaths } from './paths.js'
import { clusterLeaves, type LeafTemplate } from './pki.js'
import { FILES } from './pki-files.js'

/** Names of the authorities, which are also the names of their files. */
export type AuthorityName = typeof FILES.ca | typeof FILES.frontProxyCa

/** A certificate that a cluster has, or is to have, on this machine. */
export interface ClusterCertificate {
  readonly name: string
  /** Who signs it; undefined of an authority. */
  readonly authority?: AuthorityName
  /** The file it is in. */
  readonly file: string
  /** What it is to say; undefined of an authority, and of a copy of another one. */
  readonly template?: LeafTemplate
}

/** All certificates of a cluster on this machine. */
export function clusterCertificates(paths: ClusterPaths, config: ClusterConfig): readonly ClusterCertificate[] {
  const inPki = (name: string) => join(paths.pki, `${name}.crt`)
  const leaves = clusterLeaves(pkiOptions(config))
  const authorities: readonly AuthorityName[] = [FILES.ca, FILES.frontProxyCa]
  return [
    ...authorities.map(name => ({ name, file: inPki(name) })),
    ...(Object.keys(leaves) as (keyof typeof leaves)[]).map(key => ({
      name: FILES[key],
      authority: FILES[leaves[key].authority],
      file: inPki(FILES[key]),
      template: leaves[key].template,
    })),
    ...Object.entries(clientTemplates).map(([name, template]) => ({
      name,
      authority: FILES.ca,
      file: inPki(name),
      template,
    })),
    ...(config.kubeconfig ? [{ name: 'kubeconfig', authority: FILES.ca, file: config.kubeconfig }] : []),
    ...localNodes(config).flatMap(node => {
      const { client, serving } = nodeCertificates(paths, node)
      return [
        { name: `${node.name}-client`, authority: FILES.ca, file: client.store.path, template: client.template },
        { name: `${node.name}-serving`, authority: FILES.ca, file: serving.store.path, template: serving.template },
      ]
    }),
  ]
}

/** What is found of a certificate. */
export interface CertificateReport {
  readonly name: string
  readonly authority?: AuthorityName
  readonly file: string
  /** As in `O=system:masters, CN=kubernetes-admin`. */
  readonly subject?: string
  readonly commonName?: string
  /** Milliseconds since the epoch. */
  readonly expires?: number
  /** Why it is, or soon will be, of no use. */
  readonly problem?: string
}

/** When certificates are looked at, and how long they must last; both in ms. */
export interface Inspection {
  readonly now: number
  readonly within: number
}

/** Looks at all certificates of a cluster. Throws an `OperatorError` if they are not for this user to look at. */
export async function inspectCertificates(
  paths: ClusterPaths,
  config: ClusterConfig,
  inspection: Inspection,
): Promise<readonly CertificateReport[]> {
  const all = clusterCertificates(paths, config)
  const read = new Map<string, X509Certificate | string>()
  for (const each of all)
    read.set(each.name, await readCertificate(each, config).catch(error => damage(each.file, error)))
  const signerOf = ({ authority }: ClusterCertificate) => {
    const signer = authority && read.get(authority)
    return signer instanceof X509Certificate ? signer : undefined
  }
  return all.map(each => {
    const found = read.get(each.name)
    const { name, authority, file } = each
    const report = { name, ...(authority ? { authority } : {}), file }
    if (!(found instanceof X509Certificate)) return { ...report, problem: found ?? 'it is missing' }
    const { commonName, organizations } = subjectOf(found)
    const problem = problemOf(each, found, signerOf(each), inspection)
    return {
      ...report,
      subject: [...organizations.map(organization => `O=${organization}`), `CN=${commonName}`].join(', '),
      commonName,
      expires: Date.parse(found.validTo),
      ...(problem ? { problem } : {}),
    }
  })
}

/** Why a certificate is, or soon will be, of no use; undefined if it is well. */
function problemOf(
  { authority, template }: ClusterCertificate,
  found: X509Certificate,
  signer: X509Certificate | undefined,
  { now, within }: Inspection,
): string | undefined {
  const left = Date.parse(found.validTo) - now
  if (left <= 0) return 'it has expired'
  if (Date.parse(found.validFrom) > now) return `it is not valid before ${found.validFrom}`
  if (left <= within) return 'it expires soon'
  if (signer && !found.verify(signer.publicKey)) return `${authority} has not signed it`
  if (template && !certificateSays(found, withPurposes(template)))
    return 'it is not for all names and uses that it should be'
  return undefined
}

function damage(file: string, error: unknown): string {
  if (hasCode(error, 'EACCES'))
    throw new OperatorError(`${file} cannot be read`, 'Run as root, as `t8s up` was.', { cause: error })
  return hasCode(error, 'ENOENT') ? 'it is missing' : `it cannot be read: ${messageOf(error)}`
}

async function readCertificate({ name, file }: ClusterCertificate, config: ClusterConfig): Promise<X509Certificate> {
  if (name === 'kubeconfig') {
    const { users } = await readKubeconfig(file)
    const user = users?.find(each => each.name === contextName(config.name))?.user
    const data = user?.['client-certificate-data']
    if (!data) throw new Error(`there is no certificate of a user ${contextName(config.name)}`)
    return new X509Certificate(Buffer.from(data, 'base64'))
  }
  return new X509Certificate(await readFile(file))
}
