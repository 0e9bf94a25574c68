import type { RequestInfo, ResourceInfo } from '../request-info.js'

/** What a request is expected to cost. */
export interface Work {
  /** Seats it takes while it is worked on. */
  readonly seats: number
  /** Seats that its effects occupy afterwards, for `extraMs` milliseconds: watchers must be told of a write. */
  readonly finalSeats: number
  readonly extraMs: number
}

/** What is known of the objects of a resource. */
export interface Holdings {
  readonly objects: number
  /** Of one object, in bytes. */
  readonly averageSize: number
  readonly watchers: number
}

/** `maximum` bounds the seats of any request of its priority level. */
export type WorkEstimator = (info: RequestInfo, query: URLSearchParams, maximum: number) => Work

const oneSeat: Work = { seats: 1, finalSeats: 0, extraMs: 0 }

/** Lists are put together from what is encoded already: objects cost little, bytes more. */
const objectsPerSeat = 1000
const bytesPerSeat = 100_000
const watchersPerSeat = 10
/** For each watcher of what is written, in milliseconds. */
const watcherMs = 5
const maximumListSeats = 100
const maximumWriteSeats = 10
const falseTexts = new Set(['0', 'f', 'F', 'false', 'False', 'FALSE', ''])
const writes = new Set(['create', 'update', 'patch', 'delete'])

/**
 * Long lists take more seats than one, and so do watches that begin with the present objects; a write that many
 * watchers are told of keeps some for a while.
 * https://kubernetes.io/docs/concepts/cluster-administration/flow-control/#seats-occupied-by-a-request
 */
export function workEstimator(holdingsOf: (resource: ResourceInfo) => Holdings | undefined): WorkEstimator {
  return ({ verb, resource }, query, maximum) => {
    if (!resource || resource.subresource) return oneSeat
    if (verb === 'list') return listWork(resource, query, maximum)
    if (verb === 'watch') return beginsWithObjects(query) ? listWork(resource, query, maximum) : oneSeat
    if (!writes.has(verb) || query.has('dryRun')) return oneSeat
    const watchers = holdingsOf(resource)?.watchers ?? 0
    if (watchers < watchersPerSeat) return oneSeat
    const wanted = Math.ceil(watchers / watchersPerSeat)
    const finalSeats = Math.min(wanted, maximum, maximumWriteSeats)
    // Fewer seats are kept the longer.
    return { seats: 1, finalSeats, extraMs: (wanted * watcherMs) / finalSeats }
  }

  function listWork(resource: ResourceInfo, query: URLSearchParams, maximum: number): Work {
    const most = Math.min(maximum, maximumListSeats)
    const holdings = most > 1 ? holdingsOf(resource) : undefined
    if (!holdings || /(?:^|,)metadata\.name=/.test(query.get('fieldSelector') ?? '')) return oneSeat
    const limit = Number(query.get('limit') ?? 0)
    const answered = limit > 0 ? Math.min(limit, holdings.objects) : holdings.objects
    const seats = Math.max(holdings.objects / objectsPerSeat, (answered * holdings.averageSize) / bytesPerSeat)
    return seats <= 1 ? oneSeat : { seats: Math.min(Math.ceil(seats), most), finalSeats: 0, extraMs: 0 }
  }
}

function beginsWithObjects(query: URLSearchParams): boolean {
  const asked = query.get('sendInitialEvents')
  if (asked !== null) return !falseTexts.has(asked)
  const revision = query.get('resourceVersion') ?? ''
  return revision === '' || revision === '0'
}

/** A flow that has a whole hand of queues still takes no more than this part of its level. */
const fractionOfLevel = 0.15

/** The most seats a single request of a level may take. */
export const maximumSeats = (nominalSeats: number, handSize: number | undefined): number =>
  handSize === undefined ? maximumListSeats : Math.max(1, Math.ceil((nominalSeats * fractionOfLevel) / handSize))
