import type { UserInfo } from '../machinery/http.js'

const user = (name: string): UserInfo => ({ name, groups: ['system:authenticated'] })

/** Who the client is that plugins other than controllers may hold on to. */
export const configUser = user('t8s:config')

/** Who the scheduler is, as upstream names it. */
export const schedulerUser = user('system:kube-scheduler')

/** Who a controller of a configuration is. */
export const controllerUser = (controller: string): UserInfo => user(`t8s:controller:${controller}`)
