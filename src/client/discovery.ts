import type { ApiResponse } from '../machinery/http.js'
import { messageOf } from '../machinery/message-of.js'
import type { APIGroup, APIGroupList, APIResourceList, APIVersions } from '../machinery/meta/index.js'
import type { ApiObject } from '../machinery/object.js'
import { StatusError } from '../machinery/status-error.js'
import type { GroupVersionKind, Kind } from '../schema/index.js'
import type { Client } from './client.js'
import type { AnyKind } from './controller.js'

/** A resource as the server says it serves it. */
export interface ServedResource {
  /** Enough of a kind to ask for its objects by; it knows no fields. */
  readonly kind: AnyKind
  readonly verbs: readonly string[]
  /** Whether this is the version in which the server prefers to serve the resource. */
  readonly preferred: boolean
}

/** A part of the API that could not be told, such as that of an aggregated server that is down. */
export interface DiscoveryFailure {
  /** `metrics.k8s.io/v1beta1`. */
  readonly groupVersion: string
  readonly message: string
}

/** Everything a server serves, without subresources. */
export interface ServedApi {
  readonly resources: readonly ServedResource[]
  readonly failures: readonly DiscoveryFailure[]
  /** Group-versions that make no sense. */
  readonly malformed: readonly string[]
}

/** A kind that is known by name alone: to list, watch, get, patch and delete its objects. */
export const untypedKind = ({
  group,
  version,
  kind,
  plural,
  namespaced,
}: GroupVersionKind & { readonly plural: string; readonly namespaced: boolean }): Kind<ApiObject, unknown> => ({
  kind: 'message',
  name: `${group}.${version}.${kind}`,
  fields: {},
  atomic: false,
  gvk: { group, version, kind },
  plural,
  namespaced,
})

/**
 * Asks the server what it serves, in one document a root where it can, else version by version. Throws a `StatusError` if
 * it does not answer at all; parts that cannot be told are in `failures`.
 */
export async function discover(client: Client, signal?: AbortSignal): Promise<ServedApi> {
  const ask = async (path: string, accept: string): Promise<unknown> => {
    const response = await client.request({ method: 'GET', path, headers: { accept }, ...(signal ? { signal } : {}) })
    const value = await answerOf(response)
    if (response.status >= 400) throw StatusError.from((value ?? {}) as object, response.status)
    return value
  }
  const parts = await Promise.all(
    ['/api', '/apis'].map(async root => {
      const answer = await ask(root, aggregatedOrPlain)
      return isAggregated(answer) ? readAggregated(answer) : readPlain(root, answer, path => ask(path, json))
    }),
  )
  return {
    resources: parts.flatMap(({ resources }) => resources),
    failures: parts.flatMap(({ failures }) => failures),
    malformed: parts.flatMap(({ malformed }) => malformed),
  }
}

/** What a server serves, asked for once for all who want to know at the same time. */
export class Discovery {
  #asked = 0
  #latest: { readonly asked: number; readonly api: ServedApi } | undefined
  #asking: { readonly asked: number; readonly answer: Promise<ServedApi> } | undefined

  constructor(
    private readonly client: Client,
    private readonly signal?: AbortSignal,
  ) {}

  /** A point in time to give to `since`. */
  get now(): number {
    return this.#asked
  }

  /** What the server served at some time after `mark`, which `now` gave; any time does when absent. Throws as `discover`. */
  async since(mark = 0): Promise<ServedApi> {
    if (this.#latest && this.#latest.asked > mark) return this.#latest.api
    if (this.#asking && this.#asking.asked > mark) return this.#asking.answer
    const asked = ++this.#asked
    const answer = discover(this.client, this.signal).then(api => {
      if (!this.#latest || this.#latest.asked < asked) this.#latest = { asked, api }
      return api
    })
    const asking = { asked, answer }
    this.#asking = asking
    try {
      return await answer
    } finally {
      if (this.#asking === asking) this.#asking = undefined
    }
  }
}

const json = 'application/json'
const aggregatedOrPlain = `${json};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,${json}`

interface AggregatedDocument {
  readonly kind: 'APIGroupDiscoveryList'
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string }
    readonly versions?: readonly {
      readonly version: string
      readonly freshness?: string
      readonly resources?: readonly {
        readonly resource: string
        readonly responseKind?: Partial<GroupVersionKind> | null
        readonly scope: string
        readonly verbs?: readonly string[]
      }[]
    }[]
  }[]
}

const isAggregated = (answer: unknown): answer is AggregatedDocument =>
  (answer as { kind?: string } | undefined)?.kind === 'APIGroupDiscoveryList'

function readAggregated({ items = [] }: AggregatedDocument): ServedApi {
  const resources: ServedResource[] = []
  const failures: DiscoveryFailure[] = []
  for (const { metadata, versions = [] } of items) {
    const group = metadata?.name ?? ''
    const seen = new Set<string>()
    for (const { version, freshness, resources: served = [] } of versions) {
      // What an aggregated server said once, before it stopped answering, is no answer.
      if (freshness === 'Stale') {
        const groupVersion = joined(group, version)
        failures.push({ groupVersion, message: `stale GroupVersion discovery: ${groupVersion}` })
        continue
      }
      for (const { resource: plural, responseKind, scope, verbs = [] } of served) {
        if (!responseKind?.kind) continue
        const kind = untypedKind({
          group,
          version,
          kind: responseKind.kind,
          plural,
          namespaced: scope === 'Namespaced',
        })
        resources.push({ kind, verbs, preferred: !seen.has(plural) })
        seen.add(plural)
      }
    }
  }
  return { resources, failures, malformed: [] }
}

interface VersionToAsk {
  readonly group: string
  readonly version: string
  readonly path: string
}

async function readPlain(root: string, answer: unknown, ask: (path: string) => Promise<unknown>): Promise<ServedApi> {
  const malformed: string[] = []
  const groups: VersionToAsk[][] = []
  if (root === '/api') {
    const { versions } = answer as Partial<APIVersions>
    groups.push((versions ?? []).map(version => ({ group: '', version, path: `${root}/${version}` })))
  } else
    for (const group of (answer as Partial<APIGroupList>).groups ?? [])
      groups.push(
        inPreference(group).flatMap(groupVersion => {
          const [name, version, ...more] = groupVersion.split('/')
          if (name && version && more.length === 0) return [{ group: name, version, path: `${root}/${groupVersion}` }]
          malformed.push(groupVersion)
          return []
        }),
      )
  const failures: DiscoveryFailure[] = []
  const answers = await Promise.all(
    groups.flat().map(async asked => {
      try {
        return { asked, list: (await ask(asked.path)) as Partial<APIResourceList> }
      } catch (error) {
        const message = messageOf(error)
        failures.push({ groupVersion: joined(asked.group, asked.version), message })
        return { asked, list: {} }
      }
    }),
  )
  const seen = new Set<string>()
  const resources: ServedResource[] = []
  for (const { asked, list } of answers)
    for (const { name, kind, namespaced, verbs } of list.resources ?? []) {
      if (name.includes('/')) continue
      const { group, version } = asked
      const identity = `${group}/${name}`
      resources.push({
        kind: untypedKind({ group, version, kind, plural: name, namespaced }),
        verbs: verbs ?? [],
        preferred: !seen.has(identity),
      })
      seen.add(identity)
    }
  return { resources, failures, malformed }
}

/** The group-versions of a group, the preferred one first. */
function inPreference({ versions, preferredVersion }: APIGroup): string[] {
  const all = (versions ?? []).map(({ groupVersion }) => groupVersion)
  const first = preferredVersion?.groupVersion
  return first && all.includes(first) ? [first, ...all.filter(groupVersion => groupVersion !== first)] : all
}

const joined = (group: string, version: string): string => (group ? `${group}/${version}` : version)

/** The value that an answer holds, in whatever form it came. */
export async function answerOf(response: ApiResponse): Promise<unknown> {
  if (response.body.kind === 'object') return response.body.value
  if (response.body.kind !== 'bytes' && response.body.kind !== 'stream') return undefined
  const text = await answerText(response)
  try {
    return JSON.parse(text)
  } catch {
    // Something between us and the server answered in its own words.
    return { message: text.slice(0, 500) }
  }
}

/** An answer as text: what came over a connection as it is, an object as JSON. */
export async function answerText({ body }: ApiResponse): Promise<string> {
  if (body.kind === 'object') return JSON.stringify(body.value)
  if (body.kind !== 'bytes' && body.kind !== 'stream') return ''
  const chunks: Uint8Array[] = []
  for await (const chunk of body.chunks) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
