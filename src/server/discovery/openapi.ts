import { createHash } from 'node:crypto'
import type { ApiRequest, ApiResponse } from '../../machinery/http.js'
import type { Resource } from '../../machinery/resource.js'
import { openapiV2Definitions, openapiV3Schemas } from '../../schema/index.js'
import type { Stage } from '../pipeline.js'
import type { Registries } from '../registry/registries.js'
import { kubernetesVersion } from '../version.js'
import { openApiMessages, openApiPaths } from './openapi-paths.js'

interface Document {
  readonly body: Buffer
  /** Hash of the body, in upper case hexadecimal digits. */
  readonly hash: string
}

/**
 * `/openapi/v3`, a document a group and version, and `/openapi/v2`, the definitions of all:
 * https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-interface-definition. Made when first asked for,
 * and again after what is served has changed.
 */
export function openApiStage(registries: Registries): Stage {
  let madeFor: string | undefined
  const made = new Map<string, Document>()
  const cached = (path: string, make: () => object): Document => {
    const served = registries.resources.map(({ kind }) => `${kind.gvk.group}/${kind.gvk.version}/${kind.plural}`).join()
    if (served !== madeFor) {
      made.clear()
      madeFor = served
    }
    let document = made.get(path)
    if (!document) made.set(path, (document = documentOf(make())))
    return document
  }
  return async ({ info, request }, next) => {
    const { path } = info
    if (request.method !== 'GET' || !path.startsWith('/openapi/')) return next()
    if (path === '/openapi/v2') {
      return serve(
        request,
        cached(path, () => wholeV2(registries.resources)),
      )
    }
    const groups = byGroupVersion(registries.resources)
    const documentAt = (root: string): Document | undefined => {
      const resources = groups.get(root)
      return resources && cached(`/openapi/v3/${root}`, () => documentV3(resources))
    }
    if (path === '/openapi/v3' || path === '/openapi/v3/') {
      const paths = [...groups.keys()].map(root => [
        root,
        { serverRelativeURL: `/openapi/v3/${root}?hash=${documentAt(root)?.hash ?? ''}` },
      ])
      return serve(request, documentOf({ paths: Object.fromEntries(paths) as object }))
    }
    const document = documentAt(path.slice('/openapi/v3/'.length))
    return document ? serve(request, document) : next()
  }
}

function documentOf(value: object): Document {
  const body = Buffer.from(JSON.stringify(value))
  return { body, hash: createHash('sha512').update(body).digest('hex').toUpperCase() }
}

/** Whoever asks by the hash may keep the answer for good; others are told whether theirs is still the one. */
function serve(request: ApiRequest, { body, hash }: Document): ApiResponse {
  const etag = `"${hash}"`
  const asked = request.query.get('hash')
  const headers = {
    'content-type': 'application/json',
    etag,
    vary: 'Accept',
    'cache-control': asked === hash ? 'public, immutable' : 'no-cache, private',
  }
  if (request.headers['if-none-match'] === etag) return { status: 304, headers, body: { kind: 'none' } }
  return { status: 200, headers, body: { kind: 'bytes', chunks: [body] } }
}

function byGroupVersion(resources: readonly Resource[]): Map<string, Resource[]> {
  const groups = new Map<string, Resource[]>()
  for (const resource of resources) {
    const { group, version } = resource.kind.gvk
    const root = group ? `apis/${group}/${version}` : `api/${version}`
    const found = groups.get(root)
    if (found) found.push(resource)
    else groups.set(root, [resource])
  }
  return groups
}

const info = { title: 'Kubernetes', version: kubernetesVersion }

const documentV3 = (resources: readonly Resource[]): object => ({
  openapi: '3.0.0',
  info,
  paths: openApiPaths(resources),
  components: { schemas: openapiV3Schemas(openApiMessages(resources)) },
})

const wholeV2 = (resources: readonly Resource[]): object => ({
  swagger: '2.0',
  info,
  paths: {},
  definitions: openapiV2Definitions(openApiMessages(resources)),
})
