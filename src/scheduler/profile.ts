import type { SchedulerPlugin } from './framework.js'
import type { PluginHandle } from './plugin-handle.js'

/** An extension point of ours. */
export type Point = Exclude<keyof SchedulerPlugin, 'name' | 'weight' | 'events'>

/** A plugin that has a function for an extension point. */
type With<P extends Point> = SchedulerPlugin & Required<Pick<SchedulerPlugin, P>>

/** A plugin's score with what it counts. */
export interface WeightedScore {
  readonly plugin: With<'score'>
  readonly weight: number
}

/** How the pods of one scheduler name are scheduled: the plugins of each extension point, in their order. */
export interface Profile {
  /** What pods have in `spec.schedulerName`. */
  readonly name: string
  /** All of them, once. */
  readonly plugins: readonly SchedulerPlugin[]
  readonly queueSort: readonly With<'queueSort'>[]
  readonly preEnqueue: readonly With<'preEnqueue'>[]
  readonly filter: readonly With<'filter'>[]
  readonly postFilter: readonly With<'postFilter'>[]
  readonly score: readonly WeightedScore[]
  readonly reserve: readonly With<'reserve'>[]
  readonly unreserve: readonly With<'unreserve'>[]
  readonly permit: readonly With<'permit'>[]
  readonly preBind: readonly With<'preBind'>[]
  readonly bind: readonly With<'bind'>[]
  readonly postBind: readonly With<'postBind'>[]
  /** Of the nodes, how many must be found that will do before the best of them is taken; 0 adapts to their number. */
  readonly percentageOfNodesToScore?: number
}

/** A profile that is still to be made. */
export interface ProfileDeclaration {
  /** What pods have in `spec.schedulerName`. */
  readonly name: string
  readonly make: (handle: PluginHandle) => Profile
}

/** Where a configuration has its say: which plugins are used at a point, in which order, and what their scores count. */
export interface ProfileChoices {
  readonly percentageOfNodesToScore?: number
  /** The plugins of a point by name; all of them where absent. */
  readonly at?: (point: Point) => readonly string[] | undefined
  readonly weightOf?: (name: string) => number | undefined
}

/** A profile of plugins that take part wherever they have a function. */
export function profileOf(
  name: string,
  plugins: readonly SchedulerPlugin[],
  { percentageOfNodesToScore, at, weightOf }: ProfileChoices = {},
): Profile {
  const byName = new Map(plugins.map(plugin => [plugin.name, plugin]))
  const having = <P extends Point>(point: P): With<P>[] => {
    const names = at?.(point)
    const chosen = names ? names.flatMap(name => byName.get(name) ?? []) : plugins
    return chosen.filter((plugin): plugin is With<P> => plugin[point] !== undefined)
  }
  return {
    name,
    plugins,
    queueSort: having('queueSort'),
    preEnqueue: having('preEnqueue'),
    filter: having('filter'),
    postFilter: having('postFilter'),
    score: having('score').map(plugin => ({ plugin, weight: weightOf?.(plugin.name) ?? plugin.weight ?? 1 })),
    reserve: having('reserve'),
    unreserve: having('unreserve'),
    permit: having('permit'),
    preBind: having('preBind'),
    bind: having('bind'),
    postBind: having('postBind'),
    ...(percentageOfNodesToScore === undefined ? {} : { percentageOfNodesToScore }),
  }
}
