import type { CustomResourceDefinitionInit } from '../api/apiextensions/v1/index.js'
import type { PolicyRule } from '../api/rbac/v1/index.js'
import type { AdmissionMatch } from '../server/admission/admission.js'
import type { PluginLimits } from '../server/plugin-limits.js'
import type { RequestMatch, ResourceMatch } from '../server/request-match.js'
import type { Config, ConfiguredController } from './config.js'

/** A plugin as data: what the server must know of it to call it where it lives. */
export interface PluginEntry<M = undefined> extends PluginLimits {
  readonly name: string
  readonly match?: M
  /** Which functions it has. */
  readonly points: readonly string[]
}

/** What a configuration declares, as data. Plugins are called by their places in these lists. */
export interface Manifest {
  readonly resources: readonly CustomResourceDefinitionInit[]
  readonly controllers: readonly { readonly name: string; readonly rights: readonly PolicyRule[] }[]
  readonly admission: readonly PluginEntry<AdmissionMatch>[]
  readonly authenticators: readonly PluginEntry[]
  readonly authorizers: readonly PluginEntry<RequestMatch>[]
  readonly hooks: readonly PluginEntry<RequestMatch>[]
  /** The names of scheduler plugins: the scheduler runs where they are. */
  readonly scheduler: readonly string[]
  readonly rights: readonly PolicyRule[]
}

export function manifestOf(config: Config): Manifest {
  const { resources = [], controllers = [], admission = [], authenticators = [], authorizers = [] } = config
  const { hooks = [], scheduler = [], rights = [] } = config
  return {
    resources: resources.map(({ definition }) => definition),
    controllers: controllers.map(controller => ({ name: controller.name, rights: rightsOf(controller) })),
    admission: admission.map(plugin => entryOf(plugin, ['mutate', 'validate'])),
    authenticators: authenticators.map(plugin => entryOf<undefined>(plugin, ['review', 'authenticate'])),
    authorizers: authorizers.map(plugin => entryOf(plugin, ['authorize'])),
    hooks: hooks.map(plugin => entryOf(plugin, ['before', 'after'])),
    scheduler: scheduler.map(({ name }) => name),
    rights,
  }
}

type Matched = { readonly resources?: readonly ResourceMatch[] }

function entryOf<M extends Matched | undefined>(
  plugin: PluginLimits & { readonly name: string; readonly match?: M },
  points: readonly string[],
): PluginEntry<M> {
  const { name, match, timeoutMs, failurePolicy } = plugin
  const resources = match?.resources?.map(rule =>
    typeof rule === 'string' ? rule : { gvk: rule.gvk, plural: rule.plural },
  )
  return {
    name,
    points: points.filter(point => typeof plugin[point as keyof typeof plugin] === 'function'),
    ...(match ? { match: { ...match, ...(resources ? { resources } : {}) } as M } : {}),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(failurePolicy ? { failurePolicy } : {}),
  }
}

const reading = ['get', 'list', 'watch']
const changing = ['update', 'patch']

/** What a controller may do: what its watches imply, and what it asks for beyond that. */
function rightsOf({ watches, rights = [] }: ConfiguredController): readonly PolicyRule[] {
  const { for: main, owns = [], reads = [], also = [] } = watches
  const of = (kind: { gvk: { group: string }; plural: string }, verbs: readonly string[], subresource = '') => ({
    apiGroups: [kind.gvk.group],
    resources: [`${kind.plural}${subresource}`],
    verbs,
  })
  return [
    of(main, [...reading, ...changing]),
    of(main, ['get', ...changing], '/status'),
    of(main, changing, '/finalizers'),
    ...owns.map(one => of('owned' in one ? one.owned : one, [...reading, ...changing, 'create', 'delete'])),
    ...[...reads, ...also.map(({ kind }) => kind)].map(kind => of(kind, reading)),
    { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
    ...rights,
  ]
}
