import type { UserInfo } from '../../machinery/http.js'
import { qualified, StatusError } from '../../machinery/status-error.js'
import type { Stage } from '../pipeline.js'
import type { RequestInfo } from '../request-info.js'

export type Decision = { readonly allowed: true } | { readonly allowed: false; readonly reason: string }

/** May this user do that? Asked once per request, before anything else is looked at. */
export interface Authorizer {
  authorize(user: UserInfo, info: RequestInfo): Decision | Promise<Decision>
}

/** The authorization stage: https://kubernetes.io/docs/reference/access-authn-authz/authorization/ */
export function authorizationStage(authorizer: Authorizer): Stage {
  return async ({ user, info }, next) => {
    const decision = await authorizer.authorize(user, info)
    if (decision.allowed) return next()
    throw refusal(user, info, decision.reason)
  }
}

/** The 403 as clients know it. */
export function refusal(user: UserInfo, { verb, path, resource }: RequestInfo, reason: string): StatusError {
  const because = reason ? `: ${reason}` : ''
  if (!resource)
    return new StatusError(
      403,
      'Forbidden',
      `forbidden: User "${user.name}" cannot ${verb} path "${path}"${because}`,
      {},
    )
  const { group, plural, subresource, namespace, name } = resource
  const what = `${subresource ? `${plural}/${subresource}` : plural}`
  const where = namespace && plural !== 'namespaces' ? ` in the namespace "${namespace}"` : ' at the cluster scope'
  const target = qualified({ group, plural })
  return new StatusError(
    403,
    'Forbidden',
    `${target}${name ? ` "${name}"` : ''} is forbidden: User "${user.name}" cannot ${verb} resource "${what}" in API group "${group}"${where}${because}`,
    { ...(name ? { name } : {}), ...(group ? { group } : {}), kind: plural },
  )
}

const open = new Set(['/healthz', '/livez', '/readyz', '/version', '/version/'])

/** Everybody who is authenticated may do everything; anonymous users may look at the server's health and version. */
export const authenticatedUsers: Authorizer = {
  authorize: (user, info) =>
    user.groups.includes('system:authenticated') ||
    (!info.resource && info.verb === 'get' && (open.has(info.path) || /^\/(live|ready|health)z\//.test(info.path)))
      ? { allowed: true }
      : { allowed: false, reason: '' },
}
