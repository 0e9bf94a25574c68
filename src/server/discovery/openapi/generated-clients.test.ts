import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { resources } from '../../../api/resources.js'
import { groupsOf } from '../groups.js'
import { groupTag, groupWord, versionTag } from './names.js'
import type { Operation, Paths } from './operation.js'
import { resourcePaths } from './resource-paths.js'
import { groupPaths, serverPaths, versionPaths } from './server-paths.js'

/**
 * What the official client for TypeScript was generated from upstream's document of the same release: its operations,
 * and their parameters with their types.
 */
const folder = join(dirname(createRequire(import.meta.url).resolve('@kubernetes/client-node')), 'gen/apis')

interface Generated {
  readonly description: string
  /** `name: type` of each, sorted. */
  readonly parameters: readonly string[]
}

/** Operations of one generated class by name. */
function generated(api: string): Map<string, Generated> {
  const text = readFileSync(join(folder, `${api}.d.ts`), 'utf8')
  const factory = text.slice(text.indexOf(`class ${api}RequestFactory`), text.indexOf(`class ${api}ResponseProcessor`))
  const methods = factory.matchAll(
    /\/\*\*\n(?: +\* (?!@)(.*)\n)?(?: +\* @param.*\n)* +\*\/\n {4}(\w+)\((.*)_options\?: Configuration\)/g,
  )
  return new Map(
    [...methods].map(([, description = '', name = '', parameters = '']) => [
      name,
      {
        description: description.replaceAll(/\\(?=['"])/g, ''),
        parameters: parameters
          .split(', ')
          .filter(Boolean)
          .map(parameter => parameter.replace(/^_/, '').replace('?', '').replace(/2: /, ': '))
          .sort(),
      },
    ]),
  )
}

const typeNames = { string: 'string', boolean: 'boolean', integer: 'number' } as const

/** The same of one operation of ours. What a body is called is the generator's choice. */
function parametersOf({ parameters, body }: Operation, theirs: readonly string[]): readonly string[] {
  const own = parameters.map(({ name, type }) => `${name}: ${typeNames[type]}`)
  const theirBody = theirs.find(parameter => parameter.startsWith('body: '))
  return [...own, ...(body ? [theirBody ?? 'body'] : [])].sort()
}

function compare(api: string, paths: Paths, words: string) {
  it(api, () => {
    const theirs = generated(api)
    const ours = new Map(
      Object.entries(paths)
        .filter(([path]) => !path.includes('/watch/'))
        .flatMap(([, operations]) => operations.map(operation => [operation.id.replace(words, ''), operation])),
    )
    assert.deepEqual([...ours.keys()].sort(), [...theirs.keys()].sort())
    assert.notEqual(ours.size, 0)
    for (const [name, operation] of ours) {
      const their = theirs.get(name) ?? { parameters: [], description: '' }
      const parameters = parametersOf(operation, their.parameters)
      assert.deepEqual({ parameters, description: operation.description ?? '' }, their, name)
    }
  })
}

describe('operations are those of generated clients', () => {
  for (const { name: group, versions } of groupsOf(resources)) {
    const word = groupWord(group)
    if (group) compare(`${word}Api`, groupPaths(group), word)
    for (const { version, resources: served } of versions) {
      const words = `${word}${version.slice(0, 1).toUpperCase()}${version.slice(1)}`
      const paths = Object.assign({}, versionPaths(group, version), ...served.map(resourcePaths)) as Paths
      compare(`${words}Api`, paths, words)
    }
  }
  const apis: readonly (readonly [string, string, string])[] = [
    ['api', 'CoreApi', 'Core'],
    ['apis', 'ApisApi', ''],
    ['logs', 'LogsApi', ''],
    ['openid/v1/jwks', 'OpenidApi', ''],
    ['version', 'VersionApi', 'Version'],
    ['.well-known/openid-configuration', 'WellKnownApi', ''],
  ]
  for (const [document, api, words] of apis) compare(api, serverPaths[document] ?? {}, words)

  it('there are clients of all of it', () => assert.ok(readdirSync(folder).length > 60))
})

describe('names', () => {
  const groups: readonly (readonly [string, string, string])[] = [
    ['', 'Core', 'core_v1'],
    ['apps', 'Apps', 'apps_v1'],
    ['rbac.authorization.k8s.io', 'RbacAuthorization', 'rbacAuthorization_v1'],
    ['flowcontrol.apiserver.k8s.io', 'FlowcontrolApiserver', 'flowcontrolApiserver_v1'],
    ['stable.example.com', 'StableExampleCom', 'stableExampleCom_v1'],
  ]
  for (const [group, word, tag] of groups)
    it(group || 'core', () => {
      assert.equal(groupWord(group), word)
      assert.equal(versionTag(group, 'v1'), tag)
      assert.equal(`${groupTag(group)}_v1`, tag)
    })
})
