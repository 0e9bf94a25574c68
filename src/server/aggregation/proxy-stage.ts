import { StatusError } from '../../machinery/status-error.js'
import type { RequestContext, Stage } from '../pipeline.js'
import { forward } from '../proxy/forward.js'
import { text } from '../respond.js'
import { identityHeaders } from './identity-headers.js'
import type { RemoteServers } from './remote-servers.js'

/** Passes on what is asked of group versions that other servers serve, once it is allowed. */
export function aggregationStage(servers: RemoteServers): Stage {
  return (context, next) => {
    if (servers.size === 0) return next()
    const asked = versionOf(context.info.path)
    if (!asked || !servers.of(asked.group, asked.version)) return next()
    return passOn(context, servers, asked)
  }
}

interface GroupVersion {
  readonly group: string
  readonly version: string
}

const versionPath = /^(?:\/openapi\/v3)?\/apis\/([^/]+)\/([^/]+)(?:\/|$)/

/** The group version that a path belongs to: its API, or its OpenAPI document. */
function versionOf(path: string): GroupVersion | undefined {
  const [, group, version] = versionPath.exec(path) ?? []
  return group !== undefined && version !== undefined ? { group, version } : undefined
}

async function passOn(
  { request, info, user }: RequestContext,
  servers: RemoteServers,
  { group, version }: GroupVersion,
) {
  // Whoever was asked whether this is allowed took these for names.
  if (/\/\.{1,2}(?:\/|$)/.test(info.path))
    throw new StatusError(404, 'NotFound', 'the server could not find the requested resource', {})
  const server = servers.of(group, version)
  if (!server || !servers.isAvailable(server)) return text(503, 'service unavailable\n')
  try {
    const { backend } = server
    return await forward(request, info.path, info.path, { ...backend, headers: identityHeaders(user) })
  } catch (error) {
    if (request.signal.aborted) throw error
    if (error instanceof StatusError) return text(error.code, `${error.message}\n`)
    // The service leads nowhere by now.
    return text(503, 'service unavailable\n')
  }
}
