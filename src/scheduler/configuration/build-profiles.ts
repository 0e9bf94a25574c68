import type { PluginFactory, SchedulerPlugin } from '../framework.js'
import type { PluginHandle } from '../plugin-handle.js'
import { builtInPlugins } from '../plugins/index.js'
import { type Point, type Profile, type ProfileDeclaration, profileOf } from '../profile.js'
import { SchedulerConfigError } from './read-configuration.js'
import type { ExtensionPoint, KubeSchedulerConfiguration, KubeSchedulerProfile, PluginSet } from './types.js'

/** Upstream's extension points that make up one of ours. */
const upstreamPoints: Readonly<Record<Point, readonly ExtensionPoint[]>> = {
  queueSort: ['queueSort'],
  preEnqueue: ['preEnqueue'],
  filter: ['filter', 'preFilter'],
  postFilter: ['postFilter'],
  score: ['score', 'preScore'],
  reserve: ['reserve'],
  unreserve: ['reserve'],
  permit: ['permit'],
  preBind: ['preBind'],
  bind: ['bind'],
  postBind: ['postBind'],
}

type Enabled = NonNullable<PluginSet['enabled']>[number]

/**
 * The profiles of a configuration. `plugins`, by name, are known beside the built-in ones, and enabled in every profile
 * that does not disable them. Throws `SchedulerConfigError` for a plugin that nobody knows; a profile that lacks what
 * every profile needs throws when it is made.
 */
export function buildProfiles(
  configuration: KubeSchedulerConfiguration,
  plugins: Readonly<Record<string, PluginFactory>> = {},
): ProfileDeclaration[] {
  const known = { ...builtInPlugins, ...plugins }
  const ignoredResources = (configuration.extenders ?? []).flatMap(({ managedResources = [] }) =>
    managedResources.flatMap(({ name = '', ignoredByScheduler }) => (ignoredByScheduler ? [name] : [])),
  )
  return (configuration.profiles ?? []).map(profile => {
    checkNames(profile, known)
    const percentageOfNodesToScore = profile.percentageOfNodesToScore ?? configuration.percentageOfNodesToScore ?? 0
    return {
      name: profile.schedulerName ?? '',
      make: handle => buildProfile(profile, known, handle, { percentageOfNodesToScore, ignoredResources }),
    }
  })
}

interface Shared {
  readonly percentageOfNodesToScore: number
  /** Resources that extenders look after. */
  readonly ignoredResources: readonly string[]
}

function buildProfile(
  profile: KubeSchedulerProfile,
  known: Readonly<Record<string, PluginFactory>>,
  handle: PluginHandle,
  { percentageOfNodesToScore, ignoredResources }: Shared,
): Profile {
  const { schedulerName = '', plugins: sets, pluginConfig } = profile
  const multiPoint = withDefaults(Object.keys(known), sets?.multiPoint)
  const argsOf = (name: string): unknown => {
    const args = pluginConfig?.find(config => config.name === name)?.args
    if (name !== 'NodeResourcesFit' || ignoredResources.length === 0) return args
    const own = args as { readonly ignoredResources?: readonly string[] } | undefined
    return { ...own, ignoredResources: [...(own?.ignoredResources ?? []), ...ignoredResources] }
  }
  const wanted = new Set(multiPoint.map(({ name = '' }) => name))
  for (const set of Object.values(sets ?? {})) for (const { name = '' } of set?.enabled ?? []) wanted.add(name)
  const made: SchedulerPlugin[] = []
  for (const name of wanted) {
    const make = known[name]
    if (make) made.push(make(handle, argsOf(name)))
  }
  const explicit = (point: Point) => upstreamPoints[point].flatMap(each => sets?.[each]?.enabled ?? [])
  const built = profileOf(schedulerName, made, {
    percentageOfNodesToScore,
    at: point => {
      const disabled = new Set(
        upstreamPoints[point].flatMap(each => (sets?.[each]?.disabled ?? []).map(({ name = '' }) => name)),
      )
      return orderAt(multiPoint, explicit(point), disabled)
    },
    weightOf: name => {
      const everywhere = multiPoint.find(each => each.name === name)
      return (
        explicit('score').find(each => each.name === name && each.weight)?.weight || everywhere?.weight || undefined
      )
    },
  })
  if (built.queueSort.length === 0)
    throw new SchedulerConfigError(`no queue sort plugin is enabled for profile with scheduler name "${schedulerName}"`)
  if (built.queueSort.length > 1)
    throw new SchedulerConfigError(
      `only one queue sort plugin required for profile with scheduler name "${schedulerName}", but got ${built.queueSort.length}`,
    )
  if (built.bind.length === 0)
    throw new SchedulerConfigError(
      `at least one bind plugin is needed for profile with scheduler name "${schedulerName}"`,
    )
  return built
}

/** The plugins of all points: those there are by default, as the profile changes them, then those it adds. */
function withDefaults(defaults: readonly string[], set: PluginSet | undefined): readonly Enabled[] {
  const { enabled = [], disabled = [] } = set ?? {}
  const off = new Set(disabled.map(({ name = '' }) => name))
  const kept = off.has('*') ? [] : defaults.filter(name => !off.has(name))
  const changed = new Map(enabled.map(each => [each.name ?? '', each]))
  const result = kept.map(name => changed.get(name) ?? ({ name } as Enabled))
  for (const each of enabled) if (!kept.includes(each.name ?? '')) result.push(each)
  return result
}

/** Those of a point: first those that it names itself of all points' ones, then the rest of those, then its own. */
function orderAt(
  multiPoint: readonly Enabled[],
  explicit: readonly Enabled[],
  disabled: ReadonlySet<string>,
): readonly string[] {
  const everywhere = multiPoint.map(({ name = '' }) => name)
  const own = [...new Set(explicit.map(({ name = '' }) => name))]
  const rest = disabled.has('*') ? [] : everywhere.filter(name => !own.includes(name) && !disabled.has(name))
  return [...own.filter(name => everywhere.includes(name)), ...rest, ...own.filter(name => !everywhere.includes(name))]
}

function checkNames({ plugins }: KubeSchedulerProfile, known: Readonly<Record<string, unknown>>): void {
  for (const [point, set] of Object.entries(plugins ?? {}))
    for (const { name = '' } of set?.enabled ?? [])
      if (!Object.hasOwn(known, name))
        throw new SchedulerConfigError(
          `${point} plugin "${name}" does not exist; there are ${Object.keys(known).join(', ')}`,
        )
}
