import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, systemClock } from '../machinery/clock.js'
import { messageOf } from '../machinery/message-of.js'
import { certificateSays, type LeafTemplate, publicKeyToPem } from '../machinery/x509/index.js'
import { writeFileAtomically } from './atomic-file.js'
import { lockFile } from './lock-file.js'
import { hasCode, OperatorError } from './operator-error.js'
import {
  type ClusterPki,
  type Credential,
  clusterLeaves,
  createAuthority,
  createServiceAccountKey,
  issueLeaf,
  type PkiOptions,
  selfSignedServing,
  servingTemplate,
} from './pki.js'

/** kubeadm's names: each credential lies in `<name>.crt` and `<name>.key`. */
export const FILES = {
  ca: 'ca',
  frontProxyCa: 'front-proxy-ca',
  apiserver: 'apiserver',
  apiserverKubeletClient: 'apiserver-kubelet-client',
  frontProxyClient: 'front-proxy-client',
  serviceAccount: 'sa',
} as const

export const COMMON_NAMES = { ca: 'kubernetes', frontProxyCa: 'front-proxy-ca' } as const

/** A leaf that would end within this time is replaced, in ms. */
export const RENEW_BEFORE = 30 * 24 * 3_600_000

/** The files of a PKI folder by name, as read, and those to be written. */
interface Folder {
  readonly path: string
  readonly files: ReadonlyMap<string, string>
  readonly changes: Map<string, string>
}

/**
 * The PKI of the folder `path`, made or completed as far as needed: what is valid stays; a leaf that is missing, ends
 * within 30 days, lacks a name or does not fit its authority is issued anew. Keys are 0600, the folder is 0700. Throws
 * an `OperatorError` naming the file that cannot be used.
 */
export const ensureClusterPki = async (path: string, options: PkiOptions = {}): Promise<ClusterPki> => {
  const { clock = systemClock } = options
  const leaves = clusterLeaves(options)
  const names = Object.values(FILES).flatMap(name => [`${name}.key`, name === 'sa' ? 'sa.pub' : `${name}.crt`])
  return changeFolder(path, names, async folder => {
    const authorities = await authoritiesOf(folder, clock)
    const leaf = (name: keyof typeof leaves) => {
      const { authority, template } = leaves[name]
      return ensureLeaf(folder, FILES[name], authorities[authority], template, clock)
    }
    return {
      ...authorities,
      apiserver: await leaf('apiserver'),
      apiserverKubeletClient: await leaf('apiserverKubeletClient'),
      frontProxyClient: await leaf('frontProxyClient'),
      serviceAccount: ensureServiceAccountKey(folder),
    }
  })
}

/** The authorities of the folder `path` alone, made as far as they are missing. Throws as `ensureClusterPki` does. */
export const ensureAuthorities = (
  path: string,
  clock: Clock = systemClock,
): Promise<Pick<ClusterPki, 'ca' | 'frontProxyCa'>> => {
  const names = [FILES.ca, FILES.frontProxyCa].flatMap(name => [`${name}.crt`, `${name}.key`])
  return changeFolder(path, names, folder => authoritiesOf(folder, clock))
}

export interface EnsureOptions {
  /** Who signs; must be able to sign for as long as the credential is used. */
  readonly authority: Credential
  readonly template: LeafTemplate
  readonly clock?: Clock
}

/**
 * The credential `<name>.crt` and `<name>.key` of the folder `path`, issued if it is missing, ends within 30 days, does
 * not say what the template does or does not fit the authority. Throws an `OperatorError` naming a file that cannot be
 * used.
 */
export const ensureCredential = (
  path: string,
  name: string,
  { authority, template, clock = systemClock }: EnsureOptions,
): Promise<Credential> =>
  changeFolder(path, [`${name}.crt`, `${name}.key`], folder => ensureLeaf(folder, name, authority, template, clock))

/**
 * The serving credential `<name>.crt` (followed by the authority that was made for it alone) and `<name>.key` of the
 * folder `path`, made anew if it is missing, ends within 30 days or is not for all `hosts`. Throws an `OperatorError`
 * naming a file that cannot be used.
 */
export const ensureSelfSignedServing = (
  path: string,
  name: string,
  hosts: readonly [string, ...string[]],
  clock: Clock = systemClock,
): Promise<Credential> =>
  changeFolder(path, [`${name}.crt`, `${name}.key`], async folder =>
    fittingLeaf(folder, name, servingTemplate({ commonName: hosts[0] }, hosts), clock)
      ? stored(folder, name)
      : change(folder, name, await selfSignedServing(hosts, clock)),
  )

/** Makes a credential from the one there is, if there is one. */
export type Renewal = (current: Partial<Credential>) => Promise<Credential>

/**
 * Replaces credentials `<name>.crt` and `<name>.key` of the folder `path`, by name, all or, if one cannot be made, none.
 */
export const replaceCredentials = (path: string, renewals: ReadonlyMap<string, Renewal>): Promise<void> =>
  changeFolder(
    path,
    [...renewals.keys()].flatMap(name => [`${name}.crt`, `${name}.key`]),
    async folder => {
      for (const [name, renew] of renewals) change(folder, name, await renew(stored(folder, name)))
    },
  )

/** Reads files of a folder, lets `work` look at and change them, and writes what it changed; one process at a time. */
const changeFolder = async <T>(
  path: string,
  names: readonly string[],
  work: (folder: Folder) => Promise<T>,
): Promise<T> => {
  await mkdir(path, { recursive: true, mode: 0o700 })
  await using _lock = await lockFile(join(path, '.lock'), { timeoutMs: 30_000 })
  const folder: Folder = { path, files: await readFiles(path, names), changes: new Map() }
  const result = await work(folder)
  await writeChanges(folder)
  return result
}

const readFiles = async (path: string, names: readonly string[]): Promise<Map<string, string>> => {
  const contents = await Promise.all(names.map(name => readIfThere(join(path, name))))
  return new Map(names.flatMap((name, at) => (contents[at] === undefined ? [] : [[name, contents[at]]])))
}

const readIfThere = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw new OperatorError(`${path} cannot be read: ${messageOf(error)}`, 'Run as the user that made it.', {
      cause: error,
    })
  }
}

// A crash between keys and certificates leaves keys without certificates, which the next run completes.
const writeChanges = async ({ path, changes }: Folder): Promise<void> => {
  if (changes.size === 0) return
  const write = (isKey: boolean) =>
    Promise.all(
      [...changes].map(async ([name, content]) => {
        if (name.endsWith('.key') === isKey)
          await writeFileAtomically(join(path, name), content, { mode: isKey ? 0o600 : 0o644 })
      }),
    )
  await write(true)
  await write(false)
  await using folder = await open(path, 'r')
  await folder.sync()
}

const restoreAuthority = (path: string): string =>
  `Restore it from a backup; or delete ${path}, upon which all certificates, tokens and kubeconfigs of the cluster ` +
  'become void and are made anew.'

const restoreLeaf = (file: string): string => `Delete ${file}.crt and ${file}.key; the next start issues them anew.`

const unusable = (path: string, what: string, cause: unknown, remedy: string): OperatorError =>
  new OperatorError(`${path} is damaged: it holds no ${what} (${messageOf(cause)})`, remedy, { cause })

const parseCertificate = (folder: Folder, file: string, remedy: string): X509Certificate | undefined => {
  const pem = folder.files.get(file)
  if (pem === undefined) return undefined
  try {
    return new X509Certificate(pem)
  } catch (error) {
    throw unusable(join(folder.path, file), 'certificate', error, remedy)
  }
}

const parseKey = (folder: Folder, file: string, remedy: string): KeyObject | undefined => {
  const pem = folder.files.get(file)
  if (pem === undefined) return undefined
  try {
    return createPrivateKey(pem)
  } catch (error) {
    throw unusable(join(folder.path, file), 'private key', error, remedy)
  }
}

const stored = (folder: Folder, file: string): Credential => ({
  certificate: folder.files.get(`${file}.crt`) ?? '',
  key: folder.files.get(`${file}.key`) ?? '',
})

const change = (folder: Folder, file: string, credential: Credential): Credential => {
  folder.changes.set(`${file}.key`, credential.key).set(`${file}.crt`, credential.certificate)
  return credential
}

const authoritiesOf = async (folder: Folder, clock: Clock) => ({
  ca: await ensureAuthority(folder, 'ca', clock),
  frontProxyCa: await ensureAuthority(folder, 'frontProxyCa', clock),
})

const ensureAuthority = async (folder: Folder, name: 'ca' | 'frontProxyCa', clock: Clock): Promise<Credential> => {
  const file = FILES[name]
  const at = join(folder.path, file)
  const remedy = restoreAuthority(folder.path)
  const certificate = parseCertificate(folder, `${file}.crt`, remedy)
  const key = parseKey(folder, `${file}.key`, remedy)
  if (!certificate) return change(folder, file, await createAuthority(COMMON_NAMES[name], clock, key))
  if (!key) throw new OperatorError(`${at}.key is missing, though ${at}.crt is there`, remedy)
  if (!certificate.checkPrivateKey(key)) throw new OperatorError(`${at}.key is not the key of ${at}.crt`, remedy)
  if (!certificate.ca) throw new OperatorError(`${at}.crt is no certificate authority: it may not sign others`, remedy)
  const now = clock.now()
  if (Date.parse(certificate.validTo) <= now)
    throw new OperatorError(
      `${at}.crt ended on ${certificate.validTo}`,
      `In a cluster of \`t8s up\`, \`t8s certs renew ${file}\` renews it. Else delete ${folder.path}; all certificates and ` +
        'kubeconfigs of the cluster are then made anew.',
    )
  if (Date.parse(certificate.validFrom) > now)
    throw new OperatorError(
      `${at}.crt is not valid before ${certificate.validFrom}, but this machine's clock says ${new Date(now).toUTCString()}`,
      "Set the machine's clock.",
    )
  return stored(folder, file)
}

const ensureLeaf = async (
  folder: Folder,
  file: string,
  authority: Credential,
  template: LeafTemplate,
  clock: Clock,
): Promise<Credential> => {
  const certificate = fittingLeaf(folder, file, template, clock)
  return certificate?.verify(new X509Certificate(authority.certificate).publicKey)
    ? stored(folder, file)
    : change(folder, file, await issueLeaf(authority, template, clock))
}

/** The leaf that is there, if its key is as well, it says what the template does and does not end soon. */
const fittingLeaf = (folder: Folder, file: string, template: LeafTemplate, clock: Clock) => {
  const remedy = restoreLeaf(join(folder.path, file))
  const certificate = parseCertificate(folder, `${file}.crt`, remedy)
  const key = parseKey(folder, `${file}.key`, remedy)
  const fits =
    certificate !== undefined &&
    key !== undefined &&
    certificate.checkPrivateKey(key) &&
    Date.parse(certificate.validFrom) <= clock.now() &&
    Date.parse(certificate.validTo) > clock.now() + RENEW_BEFORE &&
    certificateSays(certificate, template)
  return fits ? certificate : undefined
}

const ensureServiceAccountKey = (folder: Folder): ClusterPki['serviceAccount'] => {
  const remedy =
    'Restore sa.key and sa.pub from a backup; or delete both, upon which all service account tokens become void.'
  const key = parseKey(folder, 'sa.key', remedy)
  const publicPem = folder.files.get('sa.pub')
  const at = join(folder.path, 'sa')
  if (!key) {
    if (publicPem !== undefined) throw new OperatorError(`${at}.key is missing, though ${at}.pub is there`, remedy)
    const created = createServiceAccountKey()
    folder.changes.set('sa.key', created.privateKey).set('sa.pub', created.publicKey)
    return created
  }
  const publicKey = publicKeyToPem(key)
  if (publicPem === undefined) folder.changes.set('sa.pub', publicKey)
  else {
    let read: KeyObject
    try {
      read = createPublicKey(publicPem)
    } catch (error) {
      throw unusable(`${at}.pub`, 'public key', error, `Delete ${at}.pub; the next start derives it from ${at}.key.`)
    }
    if (publicKeyToPem(read) !== publicKey)
      throw new OperatorError(
        `${at}.pub is not the public half of ${at}.key`,
        `Delete ${at}.pub; the next start derives it from ${at}.key.`,
      )
  }
  return { privateKey: folder.files.get('sa.key') ?? '', publicKey: publicPem ?? publicKey }
}
