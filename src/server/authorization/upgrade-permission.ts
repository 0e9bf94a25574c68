import { StatusError } from '../../machinery/status-error.js'
import type { ConnectHandler } from '../subresources/subresource.js'
import { type Authorizer, refusal } from './authorizer.js'

/**
 * Guards a connection that changes things though WebSockets begin it with a GET: who may only get must not run commands.
 * https://kubernetes.io/docs/reference/access-authn-authz/authorization/
 */
export const requireCreate =
  (authorizer: Authorizer, connect: ConnectHandler): ConnectHandler =>
  async call => {
    const { info, user } = call.context
    if (info.verb === 'create') return connect(call)
    const request = { ...info, verb: 'create' }
    const { verdict, reason, error } = await authorizer.authorize(user, request)
    if (verdict === 'allow') return connect(call)
    throw error
      ? new StatusError(500, 'InternalError', `Internal error occurred: ${error}`)
      : refusal(user, request, reason)
  }
