// Writes the descriptions of API types and fields, which `kubectl explain` shows, to api/descriptions.json in a folder
// that tsc has filled. They are Kubernetes' own (Apache-2.0), as kubernetes-models carries them in its declarations.
// node scripts/descriptions.mjs [FOLDER]
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const sources = ['kubernetes-models', '@kubernetes-models/apimachinery'].map(name => join(root, 'node_modules', name))

const comment = String.raw`/\*\*\n((?:\s*\*(?!/).*\n)+?)\s*\*/\n`
const alias = /export type \{ I\w+ as (IIo\w+),/
const typeComment = new RegExp(`${comment}export (?:declare )?(?:interface|type)`)
const fieldComment = new RegExp(`    ${comment}    "([^"]+)"\\??:`, 'g')

const textOf = lines =>
  lines
    .split('\n')
    .map(line => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .replaceAll(/\\([*/])/g, '$1')
    .trim()

/** Type and fields of one declaration file, or undefined. */
function readDeclaration(path) {
  const text = readFileSync(path, 'utf8')
  const name = alias.exec(text)?.[1]?.slice(1)
  if (!name) return undefined
  const body = /export interface \w+[^{]*\{([\s\S]*?)\n\}/.exec(text)?.[1] ?? ''
  const fields = {}
  for (const [, lines, field] of body.matchAll(fieldComment)) fields[field] = textOf(lines)
  const described = typeComment.exec(text)?.[1]
  return { name, description: described ? textOf(described) : '', fields }
}

function* declarations(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      if (!entry.name.startsWith('_') && entry.name !== 'node_modules') yield* declarations(path)
    } else if (entry.name.endsWith('.d.ts') && entry.name !== 'index.d.ts') yield path
  }
}

/** `io.k8s.api.apps.v1.Deployment` as declarations spell it: `IoK8sApiAppsV1Deployment`. */
const camel = name => name.replaceAll(/(?:^|[.-])(\w)/g, (_, letter) => letter.toUpperCase())

// These two are in every kind, and in no declaration of kubernetes-models.
function kindFields() {
  const text = readFileSync(join(root, 'node_modules/@kubernetes/client-node/dist/gen/models/V1Pod.d.ts'), 'utf8')
  const field = name => new RegExp(`${comment}    '${name}'`).exec(text)?.[1]
  return { apiVersion: textOf(field('apiVersion') ?? ''), kind: textOf(field('kind') ?? '') }
}

// Messages that are only ever query parameters are in no declaration either: the operations of clients describe them.
const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const core = 'io.k8s.api.core.v1'
const operations = {
  [`${meta}.ListOptions`]: 'listNamespacedPod',
  [`${meta}.CreateOptions`]: 'createNamespacedPod',
  [`${meta}.UpdateOptions`]: 'replaceNamespacedPod',
  [`${meta}.PatchOptions`]: 'patchNamespacedPod',
  [`${core}.PodExecOptions`]: 'connectGetNamespacedPodExec',
  [`${core}.PodAttachOptions`]: 'connectGetNamespacedPodAttach',
  [`${core}.PodPortForwardOptions`]: 'connectGetNamespacedPodPortforward',
  [`${core}.PodLogOptions`]: 'readNamespacedPodLog',
  [`${core}.PodProxyOptions`]: 'connectGetNamespacedPodProxy',
  [`${core}.ServiceProxyOptions`]: 'connectGetNamespacedServiceProxy',
  [`${core}.NodeProxyOptions`]: 'connectGetNodeProxy',
}

/** Unescapes what comments escape for HTML. */
const plain = text =>
  text
    .replaceAll(/\\([\\"'&])/g, '$1')
    .replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
    .replaceAll(/&#x([\dA-F]+);/gi, (_, code) => String.fromCharCode(Number.parseInt(code, 16)))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')

/** The parameters of an operation by name, with their descriptions. */
function parametersOf(text, operation) {
  const comment = text
    .slice(0, text.indexOf(`\n    ${operation}(`))
    .split('/**')
    .at(-1)
  return Object.fromEntries(
    [...comment.matchAll(/@param (\w+) (.+)/g)].map(([, name, about]) => [name.replace(/^_/, ''), plain(about)]),
  )
}

const capital = text => text.slice(0, 1).toUpperCase() + text.slice(1)

/** Lists of a kind are described by the models of clients: their own fields, and themselves. */
function listOf({ gvk: { group, version, kind } }) {
  const groupWord = group
    ? group
        .replace(/\.k8s\.io$/, '')
        .split('.')
        .map(capital)
        .join('')
    : 'Core'
  return modelOf([`${capital(version)}${kind}List`, `${groupWord}${capital(version)}${kind}List`])
}

/** A type that kubernetes-models leaves out, as it does with beta versions: `io.k8s.api.GROUP.VERSION.Type`. */
function otherModelOf(name) {
  if (!/^io\.k8s\.(api|apimachinery)\./.test(name)) return undefined
  const [type = '', version = ''] = name.split('.').reverse()
  return modelOf([`${capital(version)}${type}`])
}

/** What models say nothing of: fields that hold a message of their own. */
const migration = 'io.k8s.api.storagemigration.v1beta1.StorageVersionMigration'
const unsaid = {
  [migration]: {
    metadata:
      "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
    spec: 'What is to be migrated.',
    status: 'How far the migration has come.',
  },
  [`${migration}Spec`]: {
    resource: 'The resource whose objects are written anew. It cannot be changed: make another migration instead.',
  },
  [`${meta}.GroupResource`]: {
    group: 'The API group of the resource; empty for the core group.',
    resource: 'The plural name of the resource.',
  },
}

/** What the first model of clients says that there is under one of these names: of itself, and of its fields. */
function modelOf(names) {
  const folder = join(root, 'node_modules/@kubernetes/client-node/dist/gen/models')
  const path = names.map(name => join(folder, `${name}.d.ts`)).find(existsSync)
  if (!path) return undefined
  const text = readFileSync(path, 'utf8')
  const described = new RegExp(`${comment}export declare class`).exec(text)?.[1]
  const fields = [...text.matchAll(new RegExp(`    ${comment}    '(\\w+)'\\??:`, 'g'))]
  return [
    described ? plain(textOf(described)) : '',
    Object.fromEntries(fields.map(([, lines, field]) => [field, plain(textOf(lines))])),
  ]
}

export async function writeDescriptions(dist) {
  const load = path => import(pathToFileURL(join(dist, path)).href)
  const [{ messages }, { openApiName, namedScalarNames }] = await Promise.all([
    load('api/catalogue.js'),
    load('schema/openapi.js'),
  ])
  const found = new Map()
  for (const folder of sources.filter(existsSync))
    for (const path of declarations(folder)) {
      const declaration = readDeclaration(path)
      if (declaration) found.set(declaration.name, declaration)
    }
  const identity = kindFields()
  const descriptions = {}
  const add = (name, fields = {}) => {
    const declared = found.get(camel(name))
    const [description = '', known = {}] = declared
      ? [declared.description, declared.fields]
      : (otherModelOf(name) ?? [])
    const all = { ...fields, ...unsaid[name], ...known }
    if (description || Object.keys(all).length > 0) descriptions[name] = [description, all]
  }
  for (const message of messages) add(openApiName(message.name), message.gvk ? identity : {})
  for (const name of namedScalarNames) add(name)
  // The one type that no package describes.
  const quantity = 'A number as text: plain, with a decimal exponent (1e3), or with a suffix (500m, 2k, 1.5Gi).'
  descriptions['io.k8s.apimachinery.pkg.api.resource.Quantity'] ??= [quantity, {}]
  const clients = readFileSync(join(root, 'node_modules/@kubernetes/client-node/dist/gen/apis/CoreV1Api.d.ts'), 'utf8')
  for (const message of messages) {
    const name = openApiName(message.name)
    const known = operations[name] && parametersOf(clients, operations[name])
    if (known) add(name, Object.fromEntries(Object.entries(known).filter(([field]) => message.fields[field])))
  }
  // What a list says of its metadata is lost in the models; it is what any answer says.
  const { metadata } = descriptions[`${meta}.Status`]?.[1] ?? {}
  for (const message of messages) {
    const list = message.plural && listOf(message)
    if (list) descriptions[`${openApiName(message.name)}List`] = [list[0], { metadata, ...list[1] }]
  }
  writeFileSync(join(dist, 'api/descriptions.json'), JSON.stringify(descriptions))
  return descriptions
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await writeDescriptions(join(process.cwd(), process.argv[2] ?? 'dist'))
