import type { ApiResponse } from '../../machinery/http.js'
import type { Resource } from '../../machinery/resource.js'
import { anonymous } from '../authentication/authenticator.js'
import type { RequestContext, Stage } from '../pipeline.js'
import { Registries } from '../registry/registries.js'
import type { Registry } from '../registry/registry.js'
import { requestInfo } from '../request-info.js'

/** Registries that serve these resources, as far as discovery looks into them. */
export function registriesOf(resources: readonly Resource[]): Registries {
  const registries = new Registries()
  for (const resource of resources) registries.add(entryOf(resource))
  return registries
}

/** One resource as registries hold it; `remove` wants the same. */
export const entryOf = (resource: Resource): Registry => ({ resource }) as unknown as Registry

export interface Answer extends ApiResponse {
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely
  readonly json: () => any
}

/** Sends a request through one stage; undefined if it leaves it to the next. */
export async function ask(
  stage: Stage,
  url: string,
  headers: { readonly [name: string]: string } = {},
  method = 'GET',
): Promise<Answer | undefined> {
  const { pathname, searchParams } = new URL(url, 'https://server')
  const info = requestInfo(method, pathname, searchParams)
  const request = {
    method,
    path: pathname,
    query: searchParams,
    headers: { host: 'server:6443', ...headers },
    body: { kind: 'none' as const },
    signal: new AbortController().signal,
    remoteAddress: '',
  }
  let passed = false
  const context = { request, info, user: anonymous, warnings: [] } as unknown as RequestContext
  const answer = await stage(context, async () => {
    passed = true
    return { status: 404, headers: {}, body: { kind: 'none' } }
  })
  if (passed) return undefined
  const text = answer.body.kind === 'bytes' ? Buffer.concat(answer.body.chunks).toString() : ''
  return { ...answer, text, json: () => JSON.parse(text) }
}
