import { mkdir, readFile, realpath, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { type Document, isMap, isScalar, isSeq, parseDocument, type Tags, YAMLMap, YAMLSeq } from 'yaml'
import { messageOf } from '../machinery/message-of.js'
import { writeFileAtomically } from './atomic-file.js'
import { lockFile } from './lock-file.js'
import { hasCode, OperatorError } from './operator-error.js'

/** How to reach a cluster. Fields are named as in the file; `-data` fields are base64. */
export interface KubeconfigCluster {
  readonly server: string
  readonly 'certificate-authority'?: string
  readonly 'certificate-authority-data'?: string
  readonly 'insecure-skip-tls-verify'?: boolean
  readonly 'tls-server-name'?: string
  readonly 'proxy-url'?: string
  readonly extensions?: readonly { readonly name: string; readonly extension: unknown }[]
}

/** A program that answers with credentials, `client.authentication.k8s.io`. */
export interface KubeconfigExec {
  readonly apiVersion: string
  readonly command: string
  readonly args?: readonly string[] | null
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null
  readonly installHint?: string
  readonly provideClusterInfo?: boolean
  readonly interactiveMode?: 'Never' | 'IfAvailable' | 'Always'
}

/** How to prove who one is. */
export interface KubeconfigUser {
  readonly 'client-certificate'?: string
  readonly 'client-certificate-data'?: string
  readonly 'client-key'?: string
  readonly 'client-key-data'?: string
  readonly token?: string
  readonly tokenFile?: string
  readonly username?: string
  readonly password?: string
  readonly as?: string
  readonly 'as-uid'?: string
  readonly 'as-groups'?: readonly string[]
  readonly 'as-user-extra'?: { readonly [key: string]: readonly string[] }
  readonly exec?: KubeconfigExec
}

export interface KubeconfigContext {
  readonly cluster: string
  readonly user: string
  readonly namespace?: string
}

/** A kubeconfig file. */
export interface Kubeconfig {
  readonly 'current-context'?: string
  readonly clusters?: readonly { readonly name: string; readonly cluster: KubeconfigCluster }[] | null
  readonly users?: readonly { readonly name: string; readonly user: KubeconfigUser }[] | null
  readonly contexts?: readonly { readonly name: string; readonly context: KubeconfigContext }[] | null
}

/** A context together with the cluster and the user it names; all three get its name. */
export interface ContextEntry {
  readonly name: string
  readonly cluster: KubeconfigCluster
  readonly user: KubeconfigUser
  readonly namespace?: string
}

/** A context for a server, its authority's PEM, and a client's PEM credential. */
export const contextEntry = ({
  name,
  server,
  ca,
  credential,
  namespace,
}: {
  readonly name: string
  readonly server: string
  readonly ca: string
  readonly credential: { readonly certificate: string; readonly key: string }
  readonly namespace?: string
}): ContextEntry => ({
  name,
  cluster: { 'certificate-authority-data': base64(ca), server },
  user: { 'client-certificate-data': base64(credential.certificate), 'client-key-data': base64(credential.key) },
  ...(namespace ? { namespace } : {}),
})

const base64 = (text: string): string => Buffer.from(text).toString('base64')

type Environment = { readonly [name: string]: string | undefined }

const LOCK_TIMEOUT = 10_000

/** The files that kubectl reads when it is told of none: those in `KUBECONFIG`, else `~/.kube/config`. */
export const kubeconfigPaths = (env: Environment = process.env): string[] => {
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter(path => path !== '')
  return listed.length > 0 ? [...new Set(listed)] : [join(env['HOME'] || homedir(), '.kube', 'config')]
}

const exists = async (path: string): Promise<boolean> => {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return false
    throw error
  }
}

/** The file a new context belongs into: the first that exists, else the last listed, as kubectl chooses. */
export const kubeconfigForNewContext = async (env: Environment = process.env): Promise<string> => {
  const paths = kubeconfigPaths(env)
  for (const path of paths) if (await exists(path)) return path
  return paths.at(-1) ?? ''
}

/**
 * Adds a context, its cluster and its user to the kubeconfig at `path` (by default the one kubectl would write to),
 * replacing what has the same name and keeping all else, comments and unknown fields included. Makes the file if need
 * be. Answers its path. Throws an `OperatorError`, with the file untouched, if it is no kubeconfig or stays locked.
 */
export const mergeContext = async (
  path: string | undefined,
  { name, cluster, user, namespace }: ContextEntry,
  { setCurrent = true, env }: { readonly setCurrent?: boolean; readonly env?: Environment } = {},
): Promise<string> => {
  const file = resolve(path ?? (await kubeconfigForNewContext(env)))
  await writing(file, () => mkdir(dirname(file), { recursive: true, mode: 0o700 }))
  await edit(file, document => {
    upsert(document, file, 'clusters', name, 'cluster', cluster)
    upsert(document, file, 'contexts', name, 'context', {
      cluster: name,
      ...(namespace ? { namespace } : {}),
      user: name,
    })
    upsert(document, file, 'users', name, 'user', user)
    if (setCurrent) setCurrentContext(document, name)
    return true
  })
  return file
}

/**
 * Removes a context, and its cluster and user unless another context uses them, from the kubeconfig at `path` (by
 * default from all files that kubectl reads). Answers whether there was one.
 */
export const removeContext = async (
  path: string | undefined,
  name: string,
  { env }: { readonly env?: Environment } = {},
): Promise<boolean> => {
  let found = false
  for (const file of path === undefined ? kubeconfigPaths(env) : [path]) {
    if (!(await exists(file))) continue
    await edit(resolve(file), document => {
      const context = take(document, file, 'contexts', name)
      if (!context) return false
      found = true
      for (const [list, field] of [
        ['clusters', 'cluster'],
        ['users', 'user'],
      ] as const) {
        const used = context.getIn(['context', field])
        const others = entries(document, file, 'contexts')?.items ?? []
        if (typeof used === 'string' && !others.some(other => isMap(other) && other.getIn(['context', field]) === used))
          take(document, file, list, used)
      }
      if (document.get('current-context') === name) setCurrentContext(document, '')
      return true
    })
  }
  return found
}

/** Throws an `OperatorError` if a context cannot be added to the file at `path` because of what is there. */
export const requireKubeconfig = async (path: string): Promise<void> => {
  const file = resolve(path)
  if (await exists(file)) parse(file, await textOf(file))
}

/** Reads one kubeconfig. Throws an `OperatorError` if it is none. */
export const readKubeconfig = async (path: string): Promise<Kubeconfig> => {
  const document = parse(path, await readFile(path, 'utf8'))
  for (const list of ['clusters', 'users', 'contexts'] as const) entries(document, path, list)
  return document.toJS() ?? {}
}

/** Writes numbers and the like as they were read: `007`, 1.50 or a token of twenty digits must not change. */
const asRead = (tag: Tag): Tag =>
  'test' in tag && tag.test
    ? {
        ...tag,
        stringify: (item, ...rest) =>
          typeof item.value !== 'string' && item.source !== undefined
            ? item.source
            : (tag.stringify?.(item, ...rest) ?? String(item.value)),
      }
    : tag

type Tag = Exclude<Tags[number], string>

const parse = (path: string, text: string): Document => {
  const document = parseDocument(text, {
    customTags: tags => tags.map(tag => (typeof tag === 'string' ? tag : asRead(tag))),
  })
  const [error] = document.errors
  if (error) {
    const place = error.linePos?.[0] ? `, line ${error.linePos[0].line}` : ''
    throw notKubeconfig(path, `${error.message.split('\n')[0]?.replace(/ at line \d+.*/, '')}${place}`, error)
  }
  if (document.contents !== null && !isMap(document.contents) && text.trim() !== '') {
    // A file of comments alone has null contents in some versions and a null scalar in others.
    if (document.toJS() !== null) throw notKubeconfig(path, 'it is not a mapping')
    document.contents = null
  }
  return document
}

const notKubeconfig = (path: string, why: string, cause?: unknown): OperatorError =>
  new OperatorError(`${path} is not a valid kubeconfig: ${why}`, 'It was left as it is. Repair it, or move it away.', {
    cause,
  })

type ListName = 'clusters' | 'users' | 'contexts'

const entries = (document: Document, path: string, list: ListName): YAMLSeq | undefined => {
  if (document.contents === null) return undefined
  const value: unknown = document.get(list)
  if (value === undefined || value === null) return undefined
  if (!isSeq(value)) throw notKubeconfig(path, `${list} is not a list`)
  return value
}

const find = (list: YAMLSeq | undefined, name: string): YAMLMap | undefined =>
  list?.items.find((item): item is YAMLMap => isMap(item) && item.get('name') === name)

const upsert = (document: Document, path: string, list: ListName, name: string, field: string, value: object): void => {
  let sequence = entries(document, path, list)
  if (!sequence) {
    sequence = new YAMLSeq(document.schema)
    document.set(list, sequence)
  }
  // kubectl writes an empty list as `[]`, which would go on inline.
  if (sequence.items.length === 0) sequence.flow = false
  const item = find(sequence, name)
  if (item) {
    item.set(field, document.createNode(value))
    return
  }
  const added = new YAMLMap(document.schema)
  added.set(field, document.createNode(value))
  added.set('name', name)
  sequence.add(added)
}

const take = (document: Document, path: string, list: ListName, name: string): YAMLMap | undefined => {
  const sequence = entries(document, path, list)
  const item = find(sequence, name)
  if (sequence && item) {
    sequence.items = sequence.items.filter(other => other !== item)
    if (sequence.items.length === 0) sequence.flow = true
  }
  return item
}

const setCurrentContext = (document: Document, name: string): void => {
  document.set('current-context', name)
  // What was quoted need not be any more; quotes come back where they are needed.
  const node = document.get('current-context', true)
  if (isScalar(node)) node.type = 'PLAIN'
}

const TEMPLATE = 'apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\ncurrent-context: ""\nusers: []\n'

const textOf = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new OperatorError(`${path} cannot be read: ${messageOf(error)}`, 'Check the path and its permissions.', {
      cause: error,
    })
  }
}

/** Changes a file under kubectl's lock, in one step, keeping its mode, its owner, and a symbolic link that leads to it. */
const edit = async (path: string, change: (document: Document) => boolean): Promise<void> => {
  await using _lock = await lockFile(`${path}.lock`, { timeoutMs: LOCK_TIMEOUT })
  const present = await exists(path)
  const text = present ? await textOf(path) : ''
  let document = parse(path, text)
  if (document.contents === null) {
    const comments = document.commentBefore ?? document.comment
    document = parseDocument(TEMPLATE)
    if (comments) document.commentBefore = comments
  }
  if (!change(document)) return
  const indented = /^(clusters|contexts|users):[^\S\n]*\n(?:\s*#.*\n)*[^\S\n]+-/m.test(text)
  const content = document.toString({
    lineWidth: 0,
    indentSeq: indented,
    flowCollectionPadding: /[[{] /.test(text),
  })
  await writing(path, async () => {
    if (!present) return writeFileAtomically(path, content, { mode: 0o600 })
    const target = await realpath(path)
    const { mode, uid, gid } = await stat(target)
    const owner = process.getuid?.() === uid ? undefined : { uid, gid }
    await writeFileAtomically(target, content, { mode: mode & 0o777, owner })
  })
}

const writing = async (path: string, write: () => Promise<unknown>): Promise<void> => {
  try {
    await write()
  } catch (error) {
    throw new OperatorError(
      `${path} cannot be written: ${messageOf(error)}`,
      'It was left as it is. Check the path and its permissions.',
      { cause: error },
    )
  }
}
