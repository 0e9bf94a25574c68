import type { ApiResponse } from '../../machinery/http.js'
import { StatusError } from '../../machinery/status-error.js'
import type { RequestContext, Stage } from '../pipeline.js'
import { forward } from '../proxy/forward.js'
import { text } from '../respond.js'
import { identityHeaders } from './identity-headers.js'
import type { RemoteServer } from './remote-server.js'
import type { RemoteServers } from './remote-servers.js'

/** Paths of a group version: its API, and its OpenAPI document. */
const versionPath = /^(\/openapi\/v3)?\/apis\/([^/]+)\/([^/]+)(?:\/|$)/

/** Passes on what is asked of group versions that other servers serve, once it is allowed. */
export function aggregationStage(servers: RemoteServers): Stage {
  return (context, next) => {
    if (servers.size === 0) return next()
    const [, document, group = '', version = ''] = versionPath.exec(context.info.path) ?? []
    const server = servers.of(group, version)
    // A document that the server does not have is made for it.
    if (!server || (document && !server.openApi.v3Url)) return next()
    return servers.isAvailable(server) ? passOn(context, server) : Promise.resolve(unavailable())
  }
}

const unavailable = (): ApiResponse => text(503, 'service unavailable\n')

async function passOn({ request, info, user }: RequestContext, server: RemoteServer): Promise<ApiResponse> {
  // Whoever was asked whether this is allowed took these for names.
  if (/\/\.{1,2}(?:\/|$)/.test(info.path))
    throw new StatusError(404, 'NotFound', 'the server could not find the requested resource', {})
  const backend = backendOf(server)
  if (!backend) return unavailable()
  try {
    return await forward(request, info.path, info.path, { ...backend, headers: identityHeaders(user) })
  } catch (error) {
    if (request.signal.aborted || !(error instanceof StatusError)) throw error
    return text(error.code, `${error.message}\n`)
  }
}

/** Undefined if the service has come to lead nowhere. */
function backendOf(server: RemoteServer) {
  try {
    return server.backend
  } catch {
    return undefined
  }
}
