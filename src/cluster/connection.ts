import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { isAbsolute } from 'node:path/posix'
import { urlHost } from '../machinery/ip-address.js'
import { messageOf } from '../machinery/message-of.js'
import {
  type Kubeconfig,
  type KubeconfigExec,
  type KubeconfigUser,
  kubeconfigPaths,
  readKubeconfig,
} from './kubeconfig.js'
import { hasCode, OperatorError } from './operator-error.js'

/** For whom requests are made in place of the user who makes them. */
export interface Impersonation {
  readonly user: string
  readonly uid?: string | undefined
  readonly groups: readonly string[]
  readonly extra: { readonly [key: string]: readonly string[] }
}

/** All that is needed to talk to a cluster. Certificates and keys are PEM; paths are absolute. */
export interface Connection {
  /** The base URL, without a slash at its end. */
  readonly server: string
  readonly ca?: string | undefined
  readonly insecureSkipTlsVerify: boolean
  readonly tlsServerName?: string | undefined
  readonly proxyUrl?: string | undefined
  readonly namespace: string
  readonly clientCert?: string | undefined
  readonly clientKey?: string | undefined
  readonly token?: string | undefined
  /** Read again and again, as tokens there are renewed; stands before `token`. */
  readonly tokenFile?: string | undefined
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly impersonate?: Impersonation | undefined
  readonly exec?: KubeconfigExec | undefined
  /** What the cluster's entry has for the credential program, if anything. */
  readonly execConfig?: unknown
  /** All that it was read from, besides the token file: it may change. */
  readonly files?: readonly string[]
  /** The context it was read from; none inside a cluster. */
  readonly context?: string | undefined
}

export interface LoadOptions {
  /** The context to use instead of the current one. */
  readonly context?: string | undefined
  readonly env?: { readonly [name: string]: string | undefined }
  /** Where a pod's service account is mounted. */
  readonly serviceAccountFolder?: string
}

const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount'

/** The file an entry stands in: relative paths in it begin there. */
type Located<T> = { readonly value: T; readonly file: string }

interface Merged {
  readonly currentContext: string
  readonly clusters: ReadonlyMap<string, Located<NonNullable<Kubeconfig['clusters']>[number]['cluster']>>
  readonly users: ReadonlyMap<string, Located<KubeconfigUser>>
  readonly contexts: ReadonlyMap<string, Located<NonNullable<Kubeconfig['contexts']>[number]['context']>>
}

/**
 * How to reach the cluster of a context: of the kubeconfig at `path`, else of those kubectl reads, else, inside a pod,
 * of the cluster it runs in. Throws an `OperatorError` that says which entry or file is missing or wrong.
 */
export const loadKubeconfig = async (path: string | undefined, options: LoadOptions = {}): Promise<Connection> => {
  const { env = process.env, serviceAccountFolder = SERVICE_ACCOUNT_FOLDER } = options
  const paths = path === undefined ? kubeconfigPaths(env) : [path]
  const merged = await merge(paths, path !== undefined)
  const name = options.context || merged.currentContext
  if (!name) {
    const inside = path === undefined ? await insideCluster(env, serviceAccountFolder) : undefined
    if (inside) return inside
    const none = merged.contexts.size === 0
    throw new OperatorError(
      none ? `no cluster is configured in ${paths.join(', ')}` : `${paths.join(', ')} has no current context`,
      none
        ? '`t8s up` starts a cluster and writes its kubeconfig; --kubeconfig or KUBECONFIG name another file.'
        : `Choose one with --context or \`kubectl config use-context\`: ${[...merged.contexts.keys()].join(', ')}.`,
    )
  }
  return connect(merged, name, paths)
}

const merge = async (paths: readonly string[], required: boolean): Promise<Merged> => {
  const merged = { clusters: new Map(), users: new Map(), contexts: new Map() }
  let currentContext = ''
  for (const path of paths) {
    const file = resolve(path)
    let config: Kubeconfig
    try {
      config = await readKubeconfig(file)
    } catch (error) {
      if (error instanceof OperatorError) throw error
      if (hasCode(error, 'ENOENT') && !required) continue
      throw new OperatorError(`${file} cannot be read: ${messageOf(error)}`, 'Check the path and its permissions.', {
        cause: error,
      })
    }
    // Who is named first wins.
    currentContext ||= config['current-context'] ?? ''
    for (const [list, field] of [
      ['clusters', 'cluster'],
      ['users', 'user'],
      ['contexts', 'context'],
    ] as const)
      for (const entry of config[list] ?? [])
        if (!merged[list].has(entry.name))
          merged[list].set(entry.name, { value: (entry as Record<string, unknown>)[field] ?? {}, file })
  }
  return { ...merged, currentContext }
}

const connect = async (merged: Merged, name: string, paths: readonly string[]): Promise<Connection> => {
  const where = paths.join(', ')
  const missing = (kind: string, entry: string, known: Iterable<string>) =>
    new OperatorError(
      `${where} has no ${kind} ${JSON.stringify(entry)}`,
      `There is: ${[...known].join(', ') || 'none at all'}.`,
    )
  const context = merged.contexts.get(name)?.value
  if (!context) throw missing('context', name, merged.contexts.keys())
  const cluster = merged.clusters.get(context.cluster)
  if (!cluster) throw missing('cluster', context.cluster, merged.clusters.keys())
  const user = context.user ? merged.users.get(context.user) : { value: {}, file: cluster.file }
  if (!user) throw missing('user', context.user, merged.users.keys())
  const { value: c } = cluster
  const { value: u } = user
  if (!c.server)
    throw new OperatorError(
      `the cluster ${JSON.stringify(context.cluster)} of ${cluster.file} has no server`,
      'Set its server.',
    )
  return {
    server: serverUrl(c.server, cluster.file),
    ca: await material(
      cluster.file,
      'certificate-authority',
      c['certificate-authority-data'],
      c['certificate-authority'],
    ),
    insecureSkipTlsVerify: c['insecure-skip-tls-verify'] ?? false,
    tlsServerName: c['tls-server-name'],
    proxyUrl: c['proxy-url'],
    namespace: context.namespace || 'default',
    clientCert: await material(user.file, 'client-certificate', u['client-certificate-data'], u['client-certificate']),
    clientKey: await material(user.file, 'client-key', u['client-key-data'], u['client-key']),
    token: u.token,
    tokenFile: u.tokenFile && relativeTo(user.file, u.tokenFile),
    username: u.username,
    password: u.password,
    impersonate: u.as
      ? { user: u.as, uid: u['as-uid'], groups: u['as-groups'] ?? [], extra: u['as-user-extra'] ?? {} }
      : undefined,
    // A command with a slash is a path, one without is searched for.
    exec: u.exec?.command.includes('/') ? { ...u.exec, command: relativeTo(user.file, u.exec.command) } : u.exec,
    execConfig: c.extensions?.find(extension => extension.name === 'client.authentication.k8s.io/exec')?.extension,
    context: name,
    files: [
      ...new Set([
        ...paths.map(path => resolve(path)),
        ...referenced(cluster.file, c['certificate-authority-data'], c['certificate-authority']),
        ...referenced(user.file, u['client-certificate-data'], u['client-certificate']),
        ...referenced(user.file, u['client-key-data'], u['client-key']),
      ]),
    ],
  }
}

/** The file that an entry names, unless it says itself what would be in it. */
const referenced = (file: string, data: string | undefined, path: string | undefined): readonly string[] =>
  path && !data ? [relativeTo(file, path)] : []

const serverUrl = (server: string, file: string): string => {
  const text = server.includes('://') ? server : `http://${server}`
  if (!URL.canParse(text) || !/^https?:/.test(text))
    throw new OperatorError(`${file} names a server that is no URL: ${server}`, 'It should be like https://host:6443.')
  return text.replace(/\/+$/, '')
}

const relativeTo = (file: string, path: string): string => (isAbsolute(path) ? path : resolve(dirname(file), path))

/** PEM that stands in the file itself, or in another one that it names. */
const material = async (
  file: string,
  field: string,
  data: string | undefined,
  path: string | undefined,
): Promise<string | undefined> => {
  if (data) {
    const pem = Buffer.from(data, 'base64').toString('utf8')
    if (!pem.includes('-----BEGIN'))
      throw new OperatorError(`${field}-data in ${file} is not PEM in base64`, 'Encode the whole PEM file: base64 -w0.')
    return pem
  }
  if (!path) return undefined
  const at = relativeTo(file, path)
  try {
    return await readFile(at, 'utf8')
  } catch (error) {
    throw new OperatorError(
      `${at}, which ${file} names as ${field}, cannot be read: ${messageOf(error)}`,
      'Check the path and its permissions.',
      { cause: error },
    )
  }
}

const insideCluster = async (
  env: { readonly [name: string]: string | undefined },
  folder: string,
): Promise<Connection | undefined> => {
  const host = env['KUBERNETES_SERVICE_HOST']
  const port = env['KUBERNETES_SERVICE_PORT']
  if (!host || !port) return undefined
  const read = async (name: string): Promise<string | undefined> => {
    try {
      return await readFile(resolve(folder, name), 'utf8')
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined
      throw error
    }
  }
  const [ca, token, namespace] = await Promise.all(['ca.crt', 'token', 'namespace'].map(read))
  if (token === undefined) return undefined
  return {
    server: `https://${urlHost(host)}:${port}`,
    ca,
    insecureSkipTlsVerify: false,
    namespace: namespace?.trim() || 'default',
    tokenFile: resolve(folder, 'token'),
  }
}
