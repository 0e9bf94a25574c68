import { APIGroup, APIGroupList, APIResourceList, APIVersions, VersionInfo } from '../../../machinery/meta/index.js'
import type { MessageSchema } from '../../../schema/index.js'
import { groupTag, groupWord, versionPath, versionTag } from './names.js'
import { type Operation, ok, type Parameter, type Paths, type Shape, unauthorized } from './operation.js'

const json = ['application/json']
const everyForm = [...json, 'application/yaml', 'application/vnd.kubernetes.protobuf']

interface Read {
  readonly id: string
  readonly tag: string
  readonly description?: string
  readonly shape?: Shape
  readonly media?: readonly string[]
  readonly parameters?: readonly Parameter[]
}

const read = ({ shape, media = everyForm, parameters = [], ...rest }: Read): readonly [Operation] => [
  {
    method: 'get',
    parameters,
    consumes: media === everyForm || media === json ? media : [],
    produces: media,
    answers: { ...(shape ? { 200: ok(shape) } : {}), 401: unauthorized },
    ...rest,
  },
]

/** What a group answers of itself. */
export const groupPaths = (group: string): Paths => ({
  [`/apis/${group}/`]: read({
    id: `get${groupWord(group)}APIGroup`,
    tag: groupTag(group),
    description: 'get information of a group',
    shape: APIGroup as unknown as MessageSchema,
  }),
})

/** What a version answers of itself. */
export const versionPaths = (group: string, version: string): Paths => ({
  [`${versionPath(group, version)}/`]: read({
    id: `get${groupWord(group)}${version.slice(0, 1).toUpperCase()}${version.slice(1)}APIResources`,
    tag: versionTag(group, version),
    description: 'get available resources',
    shape: APIResourceList as unknown as MessageSchema,
  }),
})

const logPath: Parameter = { name: 'logpath', in: 'path', type: 'string', description: 'path to the log' }

/** Documents of what is served besides groups, by the name under which OpenAPI v3 lists each. */
export const serverPaths: { readonly [document: string]: Paths } = {
  '.well-known/openid-configuration': {
    '/.well-known/openid-configuration/': read({
      id: 'getServiceAccountIssuerOpenIDConfiguration',
      tag: 'WellKnown',
      description: "get service account issuer OpenID configuration, also known as the 'OIDC discovery doc'",
      shape: 'text',
      media: ['application/json'],
    }),
  },
  api: {
    '/api/': read({
      id: 'getCoreAPIVersions',
      tag: 'core',
      description: 'get available API versions',
      shape: APIVersions as unknown as MessageSchema,
    }),
  },
  apis: {
    '/apis/': read({
      id: 'getAPIVersions',
      tag: 'apis',
      description: 'get available API versions',
      shape: APIGroupList as unknown as MessageSchema,
    }),
  },
  logs: {
    '/logs/': read({ id: 'logFileListHandler', tag: 'logs', media: [] }),
    '/logs/{logpath}': read({ id: 'logFileHandler', tag: 'logs', media: [], parameters: [logPath] }),
  },
  'openid/v1/jwks': {
    '/openid/v1/jwks/': read({
      id: 'getServiceAccountIssuerOpenIDKeyset',
      tag: 'openid',
      description: 'get service account issuer OpenID JSON Web Key Set (contains public token verification keys)',
      shape: 'text',
      media: ['application/jwk-set+json'],
    }),
  },
  version: {
    '/version/': read({
      id: 'getCodeVersion',
      tag: 'version',
      description: 'get the version information for this server',
      shape: VersionInfo as MessageSchema,
      media: json,
    }),
  },
}
