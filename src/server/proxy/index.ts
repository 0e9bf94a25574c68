import type { ConnectHandler } from '../subresources/subresource.js'
import { forward } from './forward.js'
import type { Locate } from './locations.js'

export { locateNode, locatePod, locateService } from './locations.js'

/**
 * The `proxy` subresource: requests below it are passed on to what the object leads to.
 * https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services/#manually-constructing-apiserver-proxy-urls
 */
export const proxyTo =
  (locate: Locate): ConnectHandler =>
  async ({ context: { request, info }, info: { namespace, name, rest }, registries }) =>
    forward(request, info.path, rest, await locate(registries, namespace, name))
