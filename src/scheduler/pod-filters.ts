import type { Pod } from '../api/core/v1/index.js'
import type { AttemptObserver } from './attempt-observer.js'
import {
  type NodeFilter,
  type NodeFilterFunction,
  type PodFilters,
  type Rejection,
  type SchedulerPlugin,
  type SchedulingCycle,
  Unschedulable,
} from './framework.js'
import type { NodeInfo } from './node-info.js'
import type { NominatedPods } from './nominated-pods.js'

/** The filters of one attempt, prepared. */
export class PreparedFilters implements PodFilters {
  readonly #filters: NodeFilter[] = []
  /** Whose filter it is, and what it does for each node; as many as there are filters. */
  readonly #plugins: string[] = []
  readonly #functions: NodeFilterFunction[] = []
  readonly #priority: number
  readonly #uid: string | undefined
  /** The nodes that all plugins agree on, and those that narrowed them; undefined if all nodes come into question. */
  readonly nodes: { readonly names: ReadonlySet<string>; readonly plugins: readonly string[] } | undefined

  readonly narrowedBy: readonly string[]
  readonly signature: string | undefined
  /**
   * What the first filters' verdicts depend on beside the node, its pods and those nominated to it, up to a filter that
   * looks further than that; undefined if not all nodes come into question.
   */
  readonly ownSignature: string | undefined
  /** How many filters those are. */
  readonly #own: number

  /** Throws what a plugin throws. */
  constructor(
    cycle: SchedulingCycle,
    plugins: readonly SchedulerPlugin[],
    private readonly nominated: NominatedPods | undefined,
    observer?: AttemptObserver,
  ) {
    this.#priority = cycle.pod.spec.priority ?? 0
    this.#uid = cycle.pod.metadata.uid
    let names: ReadonlySet<string> | undefined
    const narrowing: string[] = []
    for (const plugin of plugins) {
      const { name } = plugin
      const made = observer ? observer.run(name, 'PreFilter', () => filterOf(plugin, cycle)) : filterOf(plugin, cycle)
      if (!made) continue
      const filter = typeof made === 'function' ? { filter: made } : made
      this.#filters.push(filter)
      this.#plugins.push(name)
      this.#functions.push(observer ? observer.each(name, 'Filter', filter.filter, true) : filter.filter)
      observer?.evaluated(name, 'PreFilter')
      observer?.evaluated(name, 'Filter')
      if (!filter.nodes) continue
      narrowing.push(name)
      const { nodes } = filter
      names = names ? new Set([...names].filter(name => nodes.has(name))) : nodes
    }
    this.nodes = names && { names, plugins: narrowing }
    this.narrowedBy = narrowing
    let signed = 0
    let text = `${this.#priority}`
    for (const { signature } of this.#filters) {
      if (signature === undefined) break
      text += `|${this.#plugins[signed++]}:${signature}`
    }
    this.#own = signed
    this.ownSignature = names ? undefined : text
    this.signature = this.looksFurther ? undefined : this.ownSignature
    if (names?.size === 0)
      throw Object.assign(
        new Unschedulable(`node(s) didn't satisfy plugin(s) [${narrowing.sort().join(' ')}] simultaneously`),
        { plugin: narrowing.at(-1) ?? '' },
      )
  }

  judge(node: NodeInfo): Rejection | undefined {
    return this.#judge(node, this.#uid, 0, this.#filters.length)
  }

  /**
   * The verdict of those filters that look at nothing but the node. It is that for any pod of the same kind that is not
   * nominated to the node itself.
   */
  judgeByItself(node: NodeInfo): Rejection | undefined {
    return this.#judge(node, undefined, 0, this.#own)
  }

  /** There are filters that look at more than the node. */
  get looksFurther(): boolean {
    return this.#own < this.#filters.length
  }

  /** The verdict of those. */
  judgeFurther(node: NodeInfo): Rejection | undefined {
    return this.#judge(node, this.#uid, this.#own, this.#filters.length)
  }

  podAdded(pod: Pod, node: NodeInfo): void {
    for (const { podAdded } of this.#filters) podAdded?.(pod, node)
  }

  podRemoved(pod: Pod, node: NodeInfo): void {
    for (const { podRemoved } of this.#filters) podRemoved?.(pod, node)
  }

  /** The first rejection of the filters from one to another, with and without the pods that are to come. */
  #judge(node: NodeInfo, self: string | undefined, from: number, to: number): Rejection | undefined {
    const nominated = this.nominated?.size ? this.nominated.on(node.name) : nobody
    return (
      (nominated.length > 0 ? this.#judgeWith(nominated, node, self, from, to) : undefined) ??
      this.#firstRejection(node, from, to)
    )
  }

  /** With the pods that are to come, as far as they may not be overtaken. */
  #judgeWith(
    nominated: readonly Pod[],
    node: NodeInfo,
    self: string | undefined,
    from: number,
    to: number,
  ): Rejection | undefined {
    const coming = nominated.filter(
      ({ spec, metadata }) => (spec.priority ?? 0) >= this.#priority && metadata.uid !== self,
    )
    if (coming.length === 0) return undefined
    const full = node.with(coming)
    for (const pod of coming) this.podAdded(pod, node)
    try {
      return this.#firstRejection(full, from, to)
    } finally {
      for (const pod of coming) this.podRemoved(pod, node)
    }
  }

  #firstRejection(node: NodeInfo, from: number, to: number): Rejection | undefined {
    const functions = this.#functions
    for (let i = from; i < to; i++) {
      const rejection = functions[i]?.(node)
      if (rejection) return withName(rejection, this.#plugins[i] ?? '')
    }
    return undefined
  }
}

const nobody: readonly Pod[] = []

/** Rejections with the name of their plugin; as a rule a filter gives the same few again and again. */
const named = new WeakMap<Rejection, Rejection>()

function withName(rejection: Rejection, plugin: string): Rejection {
  let known = named.get(rejection)
  if (known?.plugin !== plugin) named.set(rejection, (known = { ...rejection, plugin }))
  return known
}

function filterOf(plugin: SchedulerPlugin, cycle: SchedulingCycle): NodeFilter | NodeFilterFunction | undefined {
  try {
    return plugin.filter?.(cycle)
  } catch (error) {
    if (error instanceof Unschedulable) error.plugin = plugin.name
    throw error
  }
}
