import type { Stage } from '../pipeline.js'
import type { Registries } from '../registry/registries.js'
import { jsonBytes, jsonText } from '../respond.js'
import { groupsOf } from './groups.js'

/** Served whatever the resources are. */
const always = [
  '/.well-known/openid-configuration',
  '/api',
  '/apis',
  '/apis/',
  '/healthz',
  '/healthz/etcd',
  '/healthz/log',
  '/healthz/ping',
  '/livez',
  '/livez/etcd',
  '/livez/log',
  '/livez/ping',
  '/logs',
  '/metrics',
  '/openapi/v2',
  '/openapi/v3',
  '/openapi/v3/',
  '/openid/v1/jwks',
  '/readyz',
  '/readyz/etcd',
  '/readyz/log',
  '/readyz/ping',
  '/readyz/shutdown',
  '/version',
]

/** `/`: the paths that are served, sorted, for people to find their way. */
export const rootPathsStage =
  (registries: Registries): Stage =>
  async ({ info: { path } }, next) => {
    if (path !== '/' && path !== '/index.html') return next()
    const groups = groupsOf(registries.resources).flatMap(({ name, versions }) => {
      const root = name ? `/apis/${name}` : '/api'
      return [...(name ? [root] : []), ...versions.map(({ version }) => `${root}/${version}`)]
    })
    return jsonBytes(200, [jsonText({ paths: [...always, ...groups].sort() }, true)])
  }
