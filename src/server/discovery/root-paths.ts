import type { HealthCheck } from '../health.js'
import type { Stage } from '../pipeline.js'
import type { Registries } from '../registry/registries.js'
import { jsonBytes, jsonText } from '../respond.js'
import { groupsOf, type Registration } from './groups.js'

/** Served whatever the resources are. */
const always = [
  '/.well-known/openid-configuration',
  '/api',
  '/apis',
  '/apis/',
  '/logs',
  '/metrics',
  '/openapi/v2',
  '/openapi/v3',
  '/openapi/v3/',
  '/openid/v1/jwks',
  '/version',
]

/** `/`: the paths that are served, sorted, for people to find their way. */
export const rootPathsStage =
  (
    registries: Registries,
    checks: () => readonly HealthCheck[],
    registrations: () => readonly Registration[] = () => [],
  ): Stage =>
  async ({ info: { path } }, next) => {
    if (path !== '/' && path !== '/index.html') return next()
    const health = (root: string, of: readonly HealthCheck[]) => [root, ...of.map(({ name }) => `${root}/${name}`)]
    const alive = checks().filter(({ readyOnly }) => !readyOnly)
    const groups = groupsOf(registries.resources, registrations()).flatMap(({ name, versions }) => {
      const root = name ? `/apis/${name}` : '/api'
      return [...(name ? [root] : []), ...versions.map(({ version }) => `${root}/${version}`)]
    })
    const paths = [
      ...always,
      ...health('/healthz', alive),
      ...health('/livez', alive),
      ...health('/readyz', checks()),
      ...groups,
    ]
    return jsonBytes(200, [jsonText({ paths: paths.sort() }, true)])
  }
