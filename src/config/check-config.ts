import type { Config } from './config.js'
import { ConfigError } from './config-error.js'
import { anyOf, both, functionShape, listOf, maybe, objectOf, oneOf, type Shape, that } from './shape.js'

const maximumTimeoutMs = 30_000

const name = that(
  value => typeof value === 'string' && /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/.test(value),
  'a name of lower case letters, digits, dashes and dots, 63 at most',
)
const texts = listOf(that(value => typeof value === 'string' && value !== '', 'text'))
const kindShape = that(
  value => typeof value === 'object' && value !== null && 'gvk' in value && 'plural' in value && 'fields' in value,
  'a kind, such as Deployment of typernetes/api',
)
const resource: Shape = (value, path) => (typeof value === 'string' && value !== '' ? [] : kindShape(value, path))
const duration = (atMost: number) =>
  that(
    value => typeof value === 'number' && value > 0 && value <= atMost,
    `a number of milliseconds, ${atMost} at most`,
  )
const limits = { timeoutMs: maybe(duration(maximumTimeoutMs)), failurePolicy: maybe(oneOf('Fail', 'Ignore')) }
const rights = maybe(
  listOf(
    objectOf({
      verbs: texts,
      apiGroups: maybe(listOf(that(value => typeof value === 'string', 'text'))),
      resources: maybe(texts),
      resourceNames: maybe(texts),
      nonResourceURLs: maybe(texts),
    }),
  ),
)
const requestMatch = objectOf({
  verbs: maybe(texts),
  resources: maybe(listOf(resource)),
  namespaces: maybe(texts),
  users: maybe(texts),
  groups: maybe(texts),
})
const admissionMatch = objectOf({
  resources: maybe(listOf(resource)),
  operations: maybe(listOf(oneOf('CREATE', 'UPDATE', 'DELETE', 'CONNECT'))),
  namespaces: maybe(texts),
})

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

const schedulerPoints = [
  'queueSort',
  'preEnqueue',
  'filter',
  'postFilter',
  'score',
  'reserve',
  'unreserve',
  'permit',
  'preBind',
  'bind',
  'postBind',
]

const config = objectOf({
  resources: maybe(
    listOf(
      that(
        value => typeof value === 'object' && value !== null && 'definition' in value && 'gvk' in value,
        'what customResource(...) answers',
      ),
    ),
  ),
  controllers: maybe(
    listOf(
      objectOf({
        name,
        watches: objectOf({
          for: kindShape,
          owns: maybe(listOf((value, path) => (isObject(value) && 'owned' in value ? [] : kindShape(value, path)))),
          reads: maybe(listOf(kindShape)),
          also: maybe(listOf(objectOf({ kind: kindShape, keys: functionShape }))),
        }),
        reconcile: functionShape,
        pace: maybe(duration(maximumTimeoutMs)),
        concurrency: maybe(that(value => Number.isSafeInteger(value) && (value as number) > 0, 'a number above 0')),
        eventSource: maybe(that(value => typeof value === 'string', 'text')),
        rights,
        timeoutMs: maybe(duration(3_600_000)),
      }),
    ),
  ),
  admission: maybe(
    listOf(
      both(
        objectOf({
          name,
          match: maybe(admissionMatch),
          ...limits,
          mutate: maybe(functionShape),
          validate: maybe(functionShape),
        }),
        anyOf('mutate', 'validate'),
      ),
    ),
  ),
  authenticators: maybe(
    listOf(
      both(
        objectOf({ name, ...limits, review: maybe(functionShape), authenticate: maybe(functionShape) }),
        anyOf('review', 'authenticate'),
      ),
    ),
  ),
  authorizers: maybe(listOf(objectOf({ name, match: maybe(requestMatch), ...limits, authorize: functionShape }))),
  hooks: maybe(
    listOf(
      both(
        objectOf({
          name,
          match: maybe(requestMatch),
          ...limits,
          before: maybe(functionShape),
          after: maybe(functionShape),
        }),
        anyOf('before', 'after'),
      ),
    ),
  ),
  scheduler: maybe(
    listOf(
      objectOf({
        name: that(
          value => typeof value === 'string' && /^[A-Za-z][A-Za-z0-9.-]{0,62}$/.test(value),
          'a name such as CheapNodesFirst',
        ),
        weight: maybe(that(value => typeof value === 'number' && value > 0, 'a number above 0')),
        events: maybe(listOf(that(isObject, 'an object'))),
        ...Object.fromEntries(schedulerPoints.map(point => [point, maybe(functionShape)])),
      }),
    ),
  ),
  rights,
})

/** The configuration, if it is one. Throws a `ConfigError` that tells all that is wrong. */
export function checkConfig(value: unknown): Config {
  if (!isObject(value) || Array.isArray(value))
    throw new ConfigError('the configuration is no object: write `export default defineConfig({ ... })`')
  const errors = config(value, '')
  const doubled = errors.length === 0 ? namedTwice(value as Config) : []
  if (errors.length + doubled.length > 0) throw new ConfigError([...errors, ...doubled].join('\n'))
  return value as Config
}

/** Logs, metrics and rights go by names. */
function namedTwice({ resources = [], ...lists }: Config): string[] {
  const { controllers = [], admission = [], authenticators = [], authorizers = [], hooks = [], scheduler = [] } = lists
  const names: { readonly [list: string]: readonly string[] } = {
    controllers: controllers.map(({ name }) => name),
    admission: admission.map(({ name }) => name),
    authenticators: authenticators.map(({ name }) => name),
    authorizers: authorizers.map(({ name }) => name),
    hooks: hooks.map(({ name }) => name),
    scheduler: scheduler.map(({ name }) => name),
    resources: resources.map(({ plural, gvk }) => `${plural}.${gvk.group}`),
  }
  return Object.entries(names).flatMap(([list, all]) =>
    all.flatMap((name, i) => (all.indexOf(name) < i ? [`${list}[${i}] is called ${name}, as another one is`] : [])),
  )
}
