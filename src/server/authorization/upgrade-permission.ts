import { StatusError } from '../../machinery/status-error.js'
import type { RequestContext } from '../pipeline.js'
import type { ConnectHandler } from '../subresources/subresource.js'
import { type Authorizer, refusal } from './authorizer.js'

/**
 * Guards a connection that changes things though WebSockets begin it with a GET: who may only get must not run commands.
 * https://kubernetes.io/docs/reference/access-authn-authz/authorization/
 */
export const requireCreate =
  (authorizer: Authorizer, connect: ConnectHandler): ConnectHandler =>
  async call => {
    if (call.context.info.verb !== 'create') await requireVerb(authorizer, call.context, 'create')
    return connect(call)
  }

/** Throws a 403 for who may not do what is asked with another verb than the request's own. */
export async function requireVerb(authorizer: Authorizer, { info, user }: RequestContext, verb: string): Promise<void> {
  const request = { ...info, verb }
  const { verdict, reason, error } = await authorizer.authorize(user, request)
  if (verdict === 'allow') return
  throw error
    ? new StatusError(500, 'InternalError', `Internal error occurred: ${error}`)
    : refusal(user, request, reason)
}
